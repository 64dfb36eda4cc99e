import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";

/** Whom a command runs as, in the guest's own ids. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
  /** Supplementary groups. */
  groups: number[];
}

/** Ids of a container are 0..65 535; the last is "nobody's" in the kernel's 16-bit calls but a legal id. */
const ID = /^\d{1,5}$/;

/**
 * Finds whom `user` (a name, or `uid`, `uid:gid`, `name:group`) means by the guest's /etc/passwd and /etc/group, which
 * may be `null` or nonsense. An unknown number is taken as it is. Throws BAD_VALUE.
 */
export function resolveAccount(
  user: string | undefined,
  passwd: string | null,
  group: string | null,
): Account {
  const [who = "0", where] = (user ?? "0").split(":");
  const users = rows(passwd, 7);
  const groups = rows(group, 4);
  const found = users.find((row) => (ID.test(who) ? row[2] === who : row[0] === who));
  const uid = id(found?.[2] ?? who);
  const own = found ? id(found[3]!) : uid;
  const gid = where === undefined ? own : id(groups.find((row) => row[0] === where)?.[2] ?? where);
  if (uid === null) throw refused("user", who, "/etc/passwd");
  if (gid === null) throw refused("group", where ?? found?.[3] ?? "", "/etc/group");
  const name = found?.[0] ?? who;
  const member = groups
    .filter((row) => row[3]!.split(",").includes(name))
    .flatMap((row) => id(row[2]!) ?? []);
  return {
    name,
    uid,
    gid,
    home: found?.[5]?.startsWith("/") ? found[5] : uid === 0 ? "/root" : "/",
    groups: where === undefined ? [...new Set(member)].filter((g) => g !== gid) : [],
  };
}

const rows = (text: string | null, width: number): string[][] =>
  (text ?? "")
    .split("\n")
    .map((line) => line.split(":"))
    .filter((row) => row.length >= width);

const id = (text: string): number | null => (ID.test(text) && Number(text) <= 65_535 ? Number(text) : null);

const refused = (kind: string, name: string, file: string): WarrenError =>
  new WarrenError(
    "BAD_VALUE",
    `there is no ${kind} "${printable(name)}" in the container`,
    `name one of its ${file}, or a number up to 65535`,
  );
