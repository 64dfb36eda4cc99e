import { lstatSync, readFileSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { readMetadata } from "./text.ts";

/** Where in an unpacked archive the tree is. */
export interface Layout {
  root: string;
  description: string;
}

/** Bytes of a metadata.yaml that are read; real ones have a few thousand. */
const METADATA_MOST = 1 << 20;

/**
 * Tells an Incus/LXC unified tarball (metadata.yaml and rootfs/) from a plain tree. Throws HOSTILE when one of the two
 * is a symbolic link, BAD_VALUE when it is the metadata half of a split image.
 */
export function findRoot(unpacked: string): Layout {
  const metadata = kindOf(`${unpacked}/metadata.yaml`);
  const rootfs = kindOf(`${unpacked}/rootfs`);
  if (metadata === "link" || rootfs === "link")
    throw new WarrenError(
      "HOSTILE",
      "the archive's rootfs or metadata.yaml is a symbolic link",
      "do not use it",
    );
  const description =
    metadata === "file"
      ? readMetadata(readFileSync(`${unpacked}/metadata.yaml`).toString("utf8", 0, METADATA_MOST)).description
      : "";
  if (rootfs === "directory" && (metadata === "file" || kindOf(`${unpacked}/etc`) === "none"))
    return { root: `${unpacked}/rootfs`, description };
  if (metadata === "file" && kindOf(`${unpacked}/etc`) === "none")
    throw new WarrenError(
      "BAD_VALUE",
      "the archive is the metadata half of a split image and has no files",
      "import the unified tarball, or the rootfs alone (rootfs.squashfs, rootfs.tar.xz)",
    );
  return { root: unpacked, description: "" };
}

function kindOf(path: string): "file" | "directory" | "link" | "other" | "none" {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return "none";
  if (stat.isSymbolicLink()) return "link";
  return stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
}
