/**
 * Capabilities taken from every container's bounding set, as capabilities(7) names them, without `CAP_`.
 *
 * In a user namespace most of them reach only what the namespace owns; these reach the host's clock, modules, hardware,
 * kernel log, suspend and mandatory access control, or nothing at all.
 */
export const DROPPED_CAPABILITIES = [
  "mac_admin",
  "mac_override",
  "sys_time",
  "sys_module",
  "sys_rawio",
  "syslog",
  "wake_alarm",
  "block_suspend",
] as const;

/** Every capability in the kernel's order: the bit number is the place (linux/capability.h, Linux 5.9). */
export const CAPABILITIES = [
  "chown",
  "dac_override",
  "dac_read_search",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setpcap",
  "linux_immutable",
  "net_bind_service",
  "net_broadcast",
  "net_admin",
  "net_raw",
  "ipc_lock",
  "ipc_owner",
  "sys_module",
  "sys_rawio",
  "sys_chroot",
  "sys_ptrace",
  "sys_pacct",
  "sys_admin",
  "sys_boot",
  "sys_nice",
  "sys_resource",
  "sys_time",
  "sys_tty_config",
  "mknod",
  "lease",
  "audit_write",
  "audit_control",
  "setfcap",
  "mac_override",
  "mac_admin",
  "syslog",
  "wake_alarm",
  "block_suspend",
  "audit_read",
  "perfmon",
  "bpf",
  "checkpoint_restore",
] as const;

/** Names of the bits of a capability set. */
export function capabilityNames(bits: bigint): string[] {
  return CAPABILITIES.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}
