/** What the API sees of the engine. The engine is the only room that acts. */
import type { ContainerInfo, ContainerSummary, CreateRequest } from "../spec/container.ts";
import type { Counter } from "../spec/counter.ts";
import type { ErrorBody } from "../spec/errors.ts";
import type { WarrenEvent } from "../spec/event.ts";
import type { Commitments, HostSplit } from "../spec/host.ts";
import type { ImageSummary, MeasuredImage } from "../spec/image.ts";
import type { LevelCatalogueRow, LevelChange, LevelState } from "../spec/level.ts";
import type { OperationRecord } from "../spec/operation.ts";
import type { ProfileApplication } from "../spec/profile.ts";
import type { ShareReport } from "../spec/share.ts";
import type { ContainerUsage } from "../spec/usage.ts";
import type { Backups } from "./backup.ts";
import type { Pools } from "./pool.ts";
import type { Profiles } from "./profile.ts";
import type { Snapshots } from "./snapshot.ts";

/** What the API sees of the engine: src/engine/index.ts exports `interface Engine`. */
export interface Engine {
  version(): Promise<{ version: string; api: "v1"; lxc: string; kernel: string; cgroup: "v1" | "v2" }>;
  containers: {
    list(filter?: { state?: string; image?: string; name?: string }): ContainerSummary[];
    info(name: string): Promise<ContainerInfo>;
    /** What containers use now, by name; `name` is a part of the names wanted. */
    usage(filter?: { name?: string }): ContainerUsage[];
    create(request: CreateRequest): OperationRecord; // queued; wait with operations.wait
    start(name: string, o: { waitBoot?: boolean; overcommit?: boolean }): OperationRecord;
    stop(name: string, o: { timeout?: number; force?: boolean }): OperationRecord;
    restart(
      name: string,
      o: { timeout?: number; force?: boolean; waitBoot?: boolean; overcommit?: boolean },
    ): OperationRecord;
    freeze(name: string): OperationRecord;
    thaw(name: string): OperationRecord;
    delete(name: string, o: { force?: boolean }): OperationRecord;
    rename(name: string, to: string, ifVersion?: number): OperationRecord;
    /** `from` is a container or `NAME/SNAPSHOT`. */
    copy(from: string, to: string, o?: { pool?: string }): OperationRecord;
    /** Brings a stopped container's files to another pool. */
    move(name: string, pool: string): OperationRecord;
    /** Sets the order of starting after a reboot of the host; higher first. */
    setPriority(name: string, priority: number): void;
    logs(
      name: string,
      o: { lines?: number; follow?: boolean; signal: AbortSignal },
    ): AsyncIterable<Uint8Array>;
  };
  levels: {
    catalogue(): LevelCatalogueRow[];
    get(name: string): Promise<Record<string, LevelState>>;
    set(
      name: string,
      change: {
        set: Record<string, string>;
        save: boolean;
        dryRun: boolean;
        overcommit?: boolean | undefined;
      },
    ): Promise<LevelChange>;
  };
  profiles: Pick<Profiles, "list" | "info" | "create" | "change" | "delete" | "import"> & {
    /** Queued; its result is `ProfileApplied`. Throws NO_PROFILE, UNSUPPORTED. */
    apply(name: string, application: ProfileApplication): OperationRecord;
  };
  counters: {
    /** Counters of the named containers, of all that run when none is named. Throws NO_CONTAINER. */
    list(names?: readonly string[]): Promise<Counter[]>;
  };
  exec: {
    /** Starts CMD in the container; rejects with WarrenError when Warren itself fails. */
    exec(name: string, request: ExecRequest): Promise<ExecSession>;
    console(name: string, size: { columns: number; rows: number }): Promise<ExecSession>;
  };
  files: {
    stat(name: string, path: string): Promise<FileStat>;
    list(name: string, path: string): Promise<FileStat[]>;
    read(name: string, path: string): Promise<{ stat: FileStat; body: ReadableStream<Uint8Array> }>;
    write(
      name: string,
      path: string,
      body: ReadableStream<Uint8Array>,
      o: { mode: number; uid: number; gid: number; makeParents: boolean },
    ): Promise<void>;
    remove(name: string, path: string): Promise<void>;
    archive(name: string, path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>; // tar
  };
  images: {
    list(): ImageSummary[];
    info(ref: string): ImageSummary;
    build(o: { recipe: string; init?: string; alias?: string; force?: boolean }): OperationRecord;
    /** Fetches an image from a registry or an image server. Throws BAD_NAME, EXISTS. */
    pull(o: { source: string; alias?: string; force?: boolean }): OperationRecord;
    import(o: { alias?: string; body: ReadableStream<Uint8Array>; size?: number }): OperationRecord;
    /** `from` is a container that is stopped or frozen, or `NAME/SNAPSHOT`. */
    publish(o: {
      from: string;
      alias: string;
      description?: string | undefined;
      force?: boolean | undefined;
      keepSshKeys?: boolean | undefined;
    }): OperationRecord;
    export(
      ref: string,
      compression: "zstd" | "gz" | "xz" | "none",
      signal: AbortSignal,
    ): Promise<ReadableStream<Uint8Array>>;
    setAliases(ref: string, aliases: string[]): ImageSummary;
    /** Adds what is each one's own of its size; walks the trees when images came or went. */
    measure(images: ImageSummary[]): Promise<MeasuredImage[]>;
    /** Takes away objects nobody uses, with `all` also images without containers; its result is `ImagePruned`. */
    prune(o: { all?: boolean }): OperationRecord;
    /** Reads every object and image again; its result is `ImageCheck`. */
    check(o: { repair?: boolean }): OperationRecord;
    delete(ref: string): OperationRecord;
  };
  share: {
    report(signal?: AbortSignal): Promise<ShareReport>;
    /** Shares files of the named containers, of all when none is named; its result is `ShareResult`. Throws RUNNING. */
    run(o: { names?: readonly string[]; atStart?: boolean }): OperationRecord;
    /** Brings what a container shares back into its own directory; its result is `ShareUndone`. Throws RUNNING. */
    undo(name: string): OperationRecord;
  };
  snapshots: Snapshots;
  backups: Backups;
  pools: Pick<Pools, "list" | "info" | "create" | "delete" | "grow" | "setDefault">;
  operations: {
    list(filter?: { state?: string }): OperationRecord[];
    get(id: string): OperationRecord;
    /** Resolves with the record once it ended or after `timeout` ms. */
    wait(id: string, timeout: number, signal?: AbortSignal): Promise<OperationRecord>;
    cancel(id: string): OperationRecord;
  };
  events: {
    /** Stored events after `since`, then, if `follow`, new ones as they happen. */
    stream(o: { since: number; follow: boolean; signal: AbortSignal }): AsyncIterable<WarrenEvent>;
  };
  host: {
    info(): Promise<Record<string, unknown> & { commitment: Commitments }>;
    /** Equal levels for so many containers; `reserve` is memory for the host, as people write it. Throws REFUSED, BAD_VALUE. */
    split(o: { containers: number; reserve?: string; oversell?: number }): HostSplit;
    check(): Promise<{ ok: boolean; checks: HostCheck[] }>;
  };
}
export interface HostCheck {
  name: string;
  state: "ok" | "warn" | "missing";
  message: string;
  fix: string;
}
export interface ExecRequest {
  command: string[];
  env?: Record<string, string>;
  cwd?: string;
  user?: string;
  tty?: boolean;
  columns?: number;
  rows?: number;
  stdin?: boolean;
}
export interface ExecSession {
  /** null when a terminal merges both. Pull-based: nothing is read from the process before it is asked for. */
  stdout: ReadableStream<Uint8Array>;
  stderr: ReadableStream<Uint8Array> | null;
  /** Resolves once the process' pipe took the bytes. */
  write(data: Uint8Array): Promise<void>;
  closeStdin(): void;
  resize(columns: number, rows: number): void;
  signal(name: string): void;
  /** The client is gone: SIGHUP (a terminal is closed), and SIGKILL for what is still there 5 s later. */
  hangUp(): void;
  /** The command's exit code (128 + signal); 125/126/127 as in the contract. */
  exited: Promise<number>;
}
export interface FileStat {
  name: string;
  type: "file" | "directory" | "symlink" | "other";
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: string;
  target?: string;
}
export type { ContainerInfo, ContainerSummary, ErrorBody, ImageSummary, OperationRecord, WarrenEvent };
