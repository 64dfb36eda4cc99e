import { chmodSync, chownSync, type Stats, utimesSync } from "node:fs";
import { setAttribute, xattrReader } from "../syscall/xattr.ts";

/** Gives a directory the owner, mode, times and attributes of another. */
export function copyAttributes(from: Buffer, stat: Stats, to: Buffer): void {
  chownSync(to, stat.uid, stat.gid);
  chmodSync(to, stat.mode & 0o7777);
  for (const attribute of xattrReader()(from))
    if (/^(user\.|system\.posix_acl_)/.test(attribute.name)) setAttribute(to, attribute);
  utimesSync(to, stat.atimeMs / 1000, stat.mtimeMs / 1000);
}
