import type { BigIntStats } from "node:fs";
import type { Attribute } from "../syscall/xattr.ts";

/** Attributes that belong to a file's contents as a guest sees them; others are the file system's or the host's own. */
export const KEPT_ATTRIBUTES = /^(user\.|security\.capability$|system\.posix_acl_)/;

/**
 * What a file is known by: 64 hex digits over the hash of its content, mode, owner, time of writing to the nanosecond,
 * and the attributes a guest sees. Equal keys mean files that no guest can tell apart by them. `content` is a SHA-256.
 */
export function keyOf(content: string, stat: BigIntStats, attributes: readonly Attribute[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const own = [
    content,
    (Number(stat.mode) & 0o7777).toString(8),
    stat.uid,
    stat.gid,
    stat.mtimeNs,
    stat.size,
  ];
  const kept = attributes.filter(({ name }) => KEPT_ATTRIBUTES.test(name));
  kept.sort((a, b) => (a.name < b.name ? -1 : 1));
  const fields = [...own, ...kept.flatMap(({ name, value }) => [name, value.toString("hex")])];
  // The last field is empty and so can't be taken for a further attribute.
  return hasher.update(`${fields.join("\0")}\0`).digest("hex");
}
