import type { ContainerRecord } from "./container.ts";
import { WarrenError } from "./errors.ts";
import { containerName, printable } from "./name.ts";

/** What a snapshot keeps of its container's record besides the files. */
export type SnapshotOf = Pick<
  ContainerRecord,
  | "name"
  | "image"
  | "imageAlias"
  | "init"
  | "levels"
  | "priority"
  | "profiles"
  | "overcommit"
  | "identity"
  | "started"
  | "addresses"
>;

/** The record of a snapshot, as the store keeps it by its id. */
export interface SnapshotRecord {
  id: string;
  /** Unique among the snapshots of its container. */
  name: string;
  /** Uuid of the container, which keeps it when it is renamed. */
  container: string;
  comment: string;
  /** RFC 3339. */
  created: string;
  /** When the daemon takes it away, RFC 3339; `null` for never. */
  expires: string | null;
  /** Whether a person or script asked for it, or the container's schedule. */
  by: "hand" | "schedule";
  /** One that is `creating` is taken away at the daemon's next start. */
  phase: "creating" | "ready";
  /** Whether the file system made it in one step, or its files were copied. */
  method: "instant" | "copy";
  /** Whether its container was halted to make it, and must run on whatever happens. */
  halts: boolean;
  of: SnapshotOf;
  /** Digest of its files (docs/backup.md); `null` until it was asked for. */
  digest: string | null;
  version: number;
}

/** An entry of `snapshot list`. */
export interface SnapshotSummary {
  name: string;
  container: string;
  comment: string;
  created: string;
  expires: string | null;
  by: SnapshotRecord["by"];
  method: SnapshotRecord["method"];
  image: string;
  id: string;
}

/** When snapshots of a container are made by themselves. */
export interface Schedule {
  /** Seconds from one to the next. */
  every: number;
  /** How many are kept; older ones the schedule made are taken away. */
  keep: number;
  /** When it was set or last tried to make one, RFC 3339: the next is due `every` later. */
  last: string;
}

/** What `snapshot create` asks for. */
export interface SnapshotRequest {
  /** Made up (`snap0`, `snap1`) unless told. */
  name?: string | undefined;
  comment?: string | undefined;
  /** Seconds until it is taken away. */
  expires?: number | undefined;
}

/** Shortest time between two snapshots of a schedule, in seconds. */
export const SHORTEST_EVERY = 60;
/** Most snapshots a schedule may keep. */
export const MOST_KEPT = 1000;
/** Most bytes of a comment. */
const COMMENT_MOST = 1000;

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Checks a snapshot's name; throws BAD_NAME. */
export function snapshotName(text: string): string {
  if (NAME.test(text)) return text;
  throw new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" is not a snapshot name`,
    "use 1 to 63 lower-case letters, digits, '.', '_' and '-', a letter or digit first",
  );
}

/** Checks a comment: one line. Throws BAD_VALUE. */
export function snapshotComment(text: string): string {
  if (Buffer.byteLength(text) <= COMMENT_MOST && !/[\x00-\x1f\x7f]/.test(text)) return text;
  throw new WarrenError(
    "BAD_VALUE",
    `the comment "${printable(text)}" is not one line of at most ${COMMENT_MOST} bytes`,
    "shorten it",
  );
}

/** Reads `NAME` or `NAME/SNAPSHOT`. Throws BAD_NAME. */
export function snapshotPlace(text: string): { name: string; snapshot: string | undefined } {
  const [name = "", ...rest] = text.split("/");
  containerName(name);
  return { name, snapshot: rest.length === 0 ? undefined : snapshotName(rest.join("/")) };
}
