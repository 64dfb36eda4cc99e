import { closeSync } from "node:fs";
import {
  exists,
  inRoot,
  makeParents,
  type Owner,
  openRead,
  readText,
  replaceText,
  writeText,
} from "../host/guestfs/index.ts";
import { noCloud, publicKey, withKeys, withPassword } from "../plan/seed.ts";
import type { ContainerRecord, CreateRequest } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import type { Seed } from "../spec/seed.ts";

const hasCloudInit = (root: string): boolean => inRoot(root, (dir) => exists(dir, "usr/bin/cloud-init"));

/**
 * What a request wants of the guest beyond its image, as the record keeps it. Throws REFUSED for what the image has no
 * use for, BAD_VALUE.
 */
export function wishes(
  request: CreateRequest,
  image: ImageRecord,
  root: string,
  passwordHash: string | undefined,
): Pick<ContainerRecord, "app" | "seed"> {
  const { app, userData, sshKeys = [] } = request;
  const isApp = image.init === "app";
  if (app && !isApp)
    throw new WarrenError(
      "REFUSED",
      `${request.image} is a whole system with an init of its own, not an application`,
      "launch it, then run the program with `warren exec`",
    );
  if (JSON.stringify(app ?? {}).includes("\\u0000"))
    throw new WarrenError("BAD_VALUE", "a word for the program has a NUL character", "take it out");
  if (isApp && (userData !== undefined || sshKeys.length > 0 || passwordHash !== undefined))
    throw new WarrenError(
      "REFUSED",
      `${request.image} is an application, nobody logs in there`,
      "leave out user data, keys and password",
    );
  if (userData !== undefined && !hasCloudInit(root))
    throw new WarrenError(
      "REFUSED",
      `${request.image} has no cloud-init to read user data`,
      "take an image with cloud-init, or --ssh-key and --password",
    );
  const seed: Seed = {
    ...(userData === undefined ? {} : { userData }),
    ...(sshKeys.length > 0 ? { sshKeys: sshKeys.map(publicKey) } : {}),
    ...(passwordHash === undefined ? {} : { passwordHash }),
  };
  return { ...(app ? { app } : {}), ...(Object.keys(seed).length > 0 ? { seed } : {}) };
}

const SEED = "var/lib/cloud/seed/nocloud";
const DAY = 86_400_000;

/**
 * Writes a container's seed into its mounted root: for cloud-init where it is, else as files. Keys go to cloud-init's own
 * user there, to root elsewhere. Throws what a hostile tree makes of it.
 */
export function writeSeed(root: string, r: ContainerRecord, base: number): void {
  const { userData, sshKeys = [], passwordHash } = r.seed ?? {};
  const own = (mode: number): Owner => ({ mode, uid: base, gid: base });
  if (passwordHash !== undefined) {
    const shadow = readText(root, "etc/shadow") ?? "";
    const text = withPassword(shadow, passwordHash, Math.floor(Date.now() / DAY));
    replaceText(root, "etc/shadow", text, ownerOf(root, "etc/shadow") ?? own(0o600));
  }
  const cloudInit = hasCloudInit(root);
  if (cloudInit && (userData !== undefined || sshKeys.length > 0)) {
    inRoot(root, (dir) => makeParents(dir, SEED, own(0o755)));
    const files = noCloud({ id: r.uuid, name: r.name, userData: userData ?? "#cloud-config\n", sshKeys });
    for (const [name, text] of Object.entries(files)) writeText(root, `${SEED}/${name}`, text, own(0o600));
  } else if (sshKeys.length > 0) {
    const path = "root/.ssh/authorized_keys";
    inRoot(root, (dir) => makeParents(dir, "root/.ssh", own(0o700)));
    replaceText(root, path, withKeys(readText(root, path) ?? "", sshKeys), own(0o600));
  }
}

/** Mode and owner of a file that is there. */
function ownerOf(root: string, path: string): Owner | null {
  return inRoot(root, (dir) => {
    try {
      const { fd, stat } = openRead(dir, path);
      closeSync(fd);
      return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
    } catch (error) {
      if (error instanceof WarrenError) return null;
      throw error;
    }
  });
}
