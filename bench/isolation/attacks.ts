/** The attacks: one for each thing that one container could take from another. */

/** How far attacks may go on this host, in total. */
export interface Reserve {
  /** Bytes of memory. */
  memory: number;
  /** Open files. */
  files: number;
  /** Tracked connections. */
  connections: number;
}

export interface Attack {
  /** As the program knows it. */
  name: string;
  what: string;
  /** Bytes or pieces at which it stops by itself, so that no run takes the machine down. */
  most(reserve: Reserve): number;
  /** Seconds until it has what it wants, 2 unless told. */
  ramp?: number;
}

const MIB = 2 ** 20;
const endless = (): number => 1e12;
/** Four times what Warren gives a new container. */
export const MOST_PROCESSES = 8192;
/** As many as take a moment to make and another to take away. */
export const MOST_INODES = 300_000;

export const ATTACKS: readonly Attack[] = [
  { name: "cpu", what: "two spinning processes for each CPU", most: endless },
  { name: "fork", what: "every process forks until it can't", most: () => MOST_PROCESSES },
  { name: "churn", what: "two processes start others that end at once", most: endless },
  { name: "memory", what: "takes memory and goes over it again and again", most: (r) => r.memory, ramp: 12 },
  { name: "dirty", what: "dirties the pages of 2 GiB of mapped files", most: () => 2048 * MIB },
  { name: "disk-read", what: "4 readers of 256 KiB at random places, no cache", most: () => 1024 * MIB },
  {
    name: "disk-write",
    what: "4 writers of 256 KiB, no cache, each sixteenth synced",
    most: () => 1024 * MIB,
  },
  { name: "inode", what: "makes empty files", most: () => MOST_INODES },
  { name: "dentry", what: "asks for names that don't exist", most: endless },
  { name: "fd", what: "opens files, process after process", most: (r) => r.files },
  { name: "socket", what: "opens sockets and fills their buffers", most: (r) => r.memory / (512 * 1024) },
  {
    name: "conntrack",
    what: "one datagram each to a million ports behind the gateway",
    most: (r) => r.connections,
  },
  { name: "pty", what: "opens terminals", most: () => 10_000 },
  { name: "tmpfs", what: "fills a tmpfs", most: (r) => r.memory, ramp: 12 },
  { name: "mlock", what: "locks memory, process after process", most: (r) => r.memory, ramp: 12 },
  { name: "syscall", what: "cheap calls without end, and barriers that interrupt every CPU", most: endless },
  { name: "kernel-log", what: "a thousand crashes a second, and writes to /dev/kmsg", most: endless },
];
