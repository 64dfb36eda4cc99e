import type { AppRequest } from "./app.ts";
import type { Seed } from "./seed.ts";
import type { Schedule } from "./snapshot.ts";
import type { ContainerUsage } from "./usage.ts";

/** What the outside sees of a container's life. */
export const CONTAINER_STATES = [
  "created",
  "starting",
  "running",
  "frozen",
  "stopping",
  "stopped",
  "error",
] as const;
export type ContainerState = (typeof CONTAINER_STATES)[number];

/** The init systems Warren knows; each has its own way to be told to halt. `app`: one program, under a small init of ours. */
export const INIT_KINDS = ["systemd", "sysvinit", "openrc", "busybox", "other", "app"] as const;
export type InitKind = (typeof INIT_KINDS)[number];

/** Number of host ids each container has: one full 16-bit range, its own. */
export const IDS_PER_CONTAINER = 65_536;
/** First host id Warren gives out; /etc/subuid carries `root:1000000:1000000000`. */
export const FIRST_ID = 1_000_000;
export const ID_COUNT = 1_000_000_000;

/** Level values as they are kept: base units (bytes, counts, CPUs as a fraction), `null` for unlimited. */
export type LevelValue = number | string | null;
export type LevelValues = Record<string, LevelValue>;

/** The record of a container, as the store keeps it. */
export interface ContainerRecord {
  name: string;
  uuid: string;
  /** Digest of the image, `sha256:...`. */
  image: string;
  /** The alias the image was asked for by, for people. */
  imageAlias: string;
  init: InitKind;
  /** Number of its id range, its link and its addresses, unique on the host: base = FIRST_ID + slot * 65536. */
  slot: number;
  addresses: string[];
  /** Saved levels, in force from the next start on. */
  levels: LevelValues;
  /** What the operator wants: the daemon starts `running` ones again after a host reboot. */
  wanted: "running" | "stopped";
  /** Order of starting after a reboot of the host: higher first, 0 unless told. */
  priority: number;
  /** Names of the profiles it was made with or brought to for good, the last one last; none in records of old. */
  profiles?: string[];
  /** Whether its files are shared before its next start; absent is no. */
  shareAtStart?: boolean;
  /** What the program of an application image is run with otherwise than the image says. */
  app?: AppRequest;
  /** What is written into its files before its first start, then forgotten here. */
  seed?: Seed;
  /** Whether it may run although guarantees come to more than the host has. */
  overcommit?: boolean;
  /** Name of the pool its files are in; absent in the default one. */
  pool?: string;
  /** `creating` and `deleting` are finished or undone at the next start of the daemon. */
  phase: "creating" | "ready" | "deleting";
  /** Whether host name, hosts and resolver were written into its files. */
  identity: "pending" | "done";
  /** Why the last run ended badly, if it did; cleared at the next start. */
  failure: string | null;
  /** Whether it was ever started: `created` or `stopped`. */
  started: boolean;
  /** The container that is halted while this one is made of its files; it must run on whatever happens. */
  halts?: string;
  /** When snapshots of it are made by themselves. */
  schedule?: Schedule;
  /** Id of the snapshot that its files are being replaced by; finished at the daemon's next start. */
  restoring?: string;
  /** RFC 3339. */
  created: string;
  /** Grows with every change; the ETag. */
  version: number;
}

/** An entry of `list`. */
export interface ContainerSummary {
  name: string;
  state: ContainerState;
  image: string;
  addresses: string[];
  created: string;
  /** Seconds since init started, `null` when it does not run. */
  uptime: number | null;
  processes: number | null;
  /** Bytes held now. */
  memory: number | null;
}

/** What `info` tells. */
export interface ContainerInfo extends ContainerSummary {
  uuid: string;
  imageDigest: string;
  init: InitKind;
  initPid: number | null;
  idmap: { base: number; size: number };
  rootfs: string;
  cgroup: string;
  link: string;
  capabilities: string[];
  apparmor: string | null;
  levels: LevelValues;
  pending: LevelValues;
  /** `null` while it doesn't run. */
  usage: ContainerUsage | null;
  failure: string | null;
  wanted: "running" | "stopped";
  priority: number;
  profiles: string[];
  pool: string;
  /** Names of its snapshots, the oldest first. */
  snapshots: string[];
  /** When they are made by themselves, in seconds; `null` when they aren't. */
  schedule: { every: number; keep: number } | null;
  version: number;
}

/** What `create` and `launch` ask for. */
export interface CreateRequest {
  name: string;
  image: string;
  /** Above the levels of `profiles`. */
  levels: Record<string, string>;
  /** Of the same level the last one's holds. */
  profiles?: string[] | undefined;
  /** Leave out what profiles ask for and this host can't do, rather than refusing. */
  skipUnsupported?: boolean | undefined;
  /** Also when guarantees come to more than the host has. */
  overcommit?: boolean | undefined;
  /** Name of the pool for its files; unless told the one that is set for new containers. */
  pool?: string | undefined;
  /** Order of starting after a reboot of the host; the profiles' or 0 unless told. */
  priority?: number | undefined;
  /** For application images only: words in place of the image's own, and more environment. */
  app?: AppRequest | undefined;
  /** What cloud-init in the guest is to do; only for images that have it. */
  userData?: string | undefined;
  /** Public keys that may log in: lines of authorized_keys. */
  sshKeys?: string[] | undefined;
  /** root's password, in clear; only its hash is kept. */
  password?: string | undefined;
  start: boolean;
  /** Wait until the guest's boot has finished, not just until init runs. */
  waitBoot: boolean;
}
