/** Mount points below `top`, the deepest first, from the text of /proc/self/mountinfo. proc(5). */
export function mountsBelow(mountinfo: string, top: string): string[] {
  return mountinfo
    .split("\n")
    .map((line) =>
      (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, o) =>
        String.fromCharCode(Number.parseInt(o, 8)),
      ),
    )
    .filter((point) => point.startsWith(`${top}/`))
    .sort((a, b) => b.length - a.length);
}

/** What an Incus or LXC image's metadata.yaml tells that Warren uses. */
export interface Metadata {
  description: string;
}

/**
 * Reads the description out of metadata.yaml, by lines: the file is hostile and a full YAML reader is a large door.
 */
export function readMetadata(text: string): Metadata {
  const field = (name: string) =>
    new RegExp(`^\\s+${name}:\\s*["']?([^"'\\n]*?)["']?\\s*$`, "m").exec(text)?.[1] ?? "";
  const spoken = field("description") || [field("os"), field("release")].filter(Boolean).join(" ");
  return { description: spoken };
}

/** metadata.yaml of an image that leaves Warren, as Incus and LXD read it. JSON strings are YAML strings. */
export function writeMetadata(image: { architecture: string; created: number; description: string }): string {
  const architecture =
    { amd64: "x86_64", arm64: "aarch64", i386: "i686" }[image.architecture] ?? image.architecture;
  return [
    `architecture: ${JSON.stringify(architecture)}`,
    `creation_date: ${image.created}`,
    "properties:",
    `  description: ${JSON.stringify(image.description)}`,
    "templates: {}",
    "",
  ].join("\n");
}
