/**
 * Classes of mediation that later parsers know (apparmor.d(5): 4.0, 3.1). Where one is mediated and no rule grants it, it is
 * denied, and a parser that doesn't know the word refuses all: so the longest list is tried first.
 */
export const CLASSES: readonly (readonly string[])[] = [["userns", "mqueue", "io_uring"], ["mqueue"], []];

/**
 * The profile of every container of an instance (apparmor.d(5)). A container is a machine of its own and its user namespace,
 * capabilities and devices bound it, so all is granted but what has been a way to the host's kernel; all mounts but
 * terminals beyond the container's limit. `spaces` are the policy namespaces its processes may take profiles of.
 */
export const profileText = (name: string, spaces: string, classes: readonly string[]): string =>
  `#include <tunables/global>
profile ${name} flags=(attach_disconnected,mediate_deleted) {
${[...GRANTED, ...classes].map((rule) => `  ${rule},\n`).join("")}
  change_profile -> ":${spaces}:*",
  change_profile -> ":${spaces}://*",

${DENIED.map((rule) => `  deny ${rule},\n`).join("")}}
`;

const GRANTED = [
  "capability",
  "dbus",
  "file",
  "mount",
  "network",
  "pivot_root",
  "ptrace",
  "signal",
  "umount",
  // Sockets of its own, and answers to whoever of the host speaks to it.
  "unix (receive)",
  "unix peer=(label=@{profile_name})",
];

const DENIED = [
  "@{PROC}/acpi/** rwklx",
  "@{PROC}/bus/** wklx",
  "@{PROC}/kcore rwklx",
  "@{PROC}/sys/fs/** wklx",
  "@{PROC}/sysrq-trigger rwklx",
  "/sys/firmware/efi/efivars/** rwklx",
  "/sys/kernel/debug/{,**} rwklx",
  // A devpts of its own would be outside of the container's limit of terminals.
  "mount fstype=devpts",
  // Halting systems make their root read-only, which fails in a container and need not be logged.
  "mount options=(ro, remount) -> /",
  "mount options=(ro, remount, silent) -> /",
];

/** Whether a directory of loaded profiles, `NAME.NUMBER` each, has one. */
export const isLoaded = (entries: readonly string[], name: string): boolean =>
  entries.some((entry) => entry.startsWith(`${name}.`) && /^\d+$/.test(entry.slice(name.length + 1)));
