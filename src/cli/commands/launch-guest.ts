import type { CreateRequest } from "../../spec/container.ts";
import { WarrenError } from "../../spec/errors.ts";
import { USER_DATA_MOST } from "../../spec/seed.ts";
import { pairs } from "../parse.ts";

/** Text of a file. What reads files costs a start 3 ms, and most containers are launched without any. */
const textOf = async (path: string, most: number): Promise<string> =>
  (await import("../local.ts")).textOf(path, most);

/** Options about what is in the new container, rather than around it. */
export const guestOptions = {
  env: { short: "e", value: "K=V", many: true, help: "a variable of the program's, for application images" },
  "user-data": { value: "FILE", complete: "file", help: "what cloud-init in the guest is to do" },
  "ssh-key": {
    value: "FILE|KEY",
    many: true,
    complete: "file",
    help: "a public key that may log in as root, or as the user of cloud-init's images",
  },
  password: { help: "ask for root's password, or read it from standard input" },
} as const;

export interface GuestAsked {
  cmd: string[];
  env: string[];
  "user-data": string | undefined;
  "ssh-key": string[];
  password: boolean;
}

/** What of the request they come to. Throws NO_FILE, BAD_VALUE, USAGE. */
export async function guestRequest(
  given: GuestAsked,
): Promise<Pick<CreateRequest, "app" | "userData" | "sshKeys" | "password">> {
  const env = pairs(given.env, "a variable");
  const changed = given.cmd.length > 0 || Object.keys(env).length > 0;
  const app = { ...(given.cmd.length > 0 ? { command: given.cmd } : {}), env };
  const keys = await Promise.all(given["ssh-key"].map(keysOf));
  const file = given["user-data"];
  return {
    ...(changed ? { app } : {}),
    ...(file === undefined ? {} : { userData: await textOf(file, USER_DATA_MOST) }),
    ...(keys.length > 0 ? { sshKeys: keys.flat() } : {}),
    ...(given.password
      ? { password: await (await import("../secret.ts")).askSecret("Password for root: ") }
      : {}),
  };
}

/** Bytes: a hundred keys, the most that are taken, and what is said about them. */
const KEYS_MOST = 65_536;

/** A key as it stands, or the lines of a file of keys. */
async function keysOf(given: string): Promise<string[]> {
  if (/^(?:ssh|ecdsa|sk)-\S+ \S/.test(given)) return [given];
  const lines = (await textOf(given, KEYS_MOST)).split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length > 0) return keys;
  // Going on would make a container that nobody can log in to.
  throw new WarrenError("BAD_VALUE", `${given} has no public key`, "name a file like ~/.ssh/id_ed25519.pub");
}
