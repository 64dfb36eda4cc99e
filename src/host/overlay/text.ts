/**
 * Mount options of overlayfs (Documentation/filesystems/overlayfs.rst).
 *
 * `index=off,metacopy=off` whatever the kernel's defaults are: an upper must be able to move between images' trees.
 */
export function overlayOptions(lowers: readonly string[], upper: string, work: string): string {
  return `lowerdir=${lowers.join(":")},upperdir=${upper},workdir=${work},index=off,metacopy=off`;
}
