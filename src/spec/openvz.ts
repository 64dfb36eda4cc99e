/**
 * Settings of OpenVZ's container configurations (ctid.conf(5), vzctl 4.9) that are no level today, each with the reason.
 * Names that are levels are not here: the table of levels knows them as aliases.
 */
const COUNTED = "counted within memory.limit, without a limit of its own";
const BUFFERS = "buffers of sockets are counted within memory.limit";
const SOCKETS = "kernels count no sockets of a container; net.connections limits what it connects";
const OWN = "belongs to one container, not to a profile";
const QUOTA = "quotas inside a container are the guest's own";
const RIGHTS = "rights are set for each container";

/** Why a setting has no meaning today, by its name. */
export const OPENVZ_LEFT_OUT: Readonly<Record<string, string>> = {
  KMEMSIZE: `kernel memory is ${COUNTED}`,
  DCACHESIZE: `file names in memory are ${COUNTED}`,
  TCPSNDBUF: BUFFERS,
  TCPRCVBUF: BUFFERS,
  OTHERSOCKBUF: BUFFERS,
  DGRAMRCVBUF: BUFFERS,
  NUMTCPSOCK: SOCKETS,
  NUMOTHERSOCK: SOCKETS,
  PRIVVMPAGES: "kernels limit memory that is used, not memory that is allocated",
  VMGUARPAGES: "kernels guarantee no allocations; memory.guarantee keeps memory that is used",
  OOMGUARPAGES: "kernels guarantee no survival; see oom.priority",
  LOCKEDPAGES: "kernels limit locked memory of each process; see rlimit.memlock",
  SHMPAGES: "shared memory is counted within memory.limit; see shm.size",
  NUMFILE: "kernels limit open files of each process; see rlimit.nofile",
  NUMFLOCK: "kernels limit no file locks",
  NUMPTY: "see pty.limit",
  NUMSIGINFO: "kernels limit queued signals of each process; see rlimit.sigpending",
  NUMIPTENT: "kernels limit no firewall rules; they are counted within memory.limit",
  AVNUMPROC: "only OpenVZ's planning tools used it",
  VM_OVERCOMMIT: "kernels limit memory that is used, not memory that is allocated",
  MEMINFO: "the guest is always shown its levels",
  DISK_QUOTA: "a limit of disk space is its own switch",
  QUOTATIME: "a limit of disk space has no time of grace",
  QUOTAUGIDLIMIT: QUOTA,
  JQUOTA: QUOTA,
  CAPABILITY: RIGHTS,
  FEATURES: RIGHTS,
  DEVICES: RIGHTS,
  DEVNODES: RIGHTS,
  PCI: RIGHTS,
  IPTABLES: "the guest has a firewall of its own",
  NETFILTER: "the guest has a firewall of its own",
  ONBOOT: "what ran before the host's reboot is started again",
  ...Object.fromEntries(
    [
      "VE_ROOT VE_PRIVATE VE_LAYOUT VE_ENVIRONMENT OSTEMPLATE ORIGIN_SAMPLE CONFIG_CUSTOMIZED DISTRIBUTION NAME UUID",
      "HOSTNAME IP_ADDRESS NAMESERVER SEARCHDOMAIN NETIF NETDEV DISABLED STOP_TIMEOUT TECHNOLOGIES",
    ]
      .join(" ")
      .split(" ")
      .map((name) => [name, OWN]),
  ),
};
