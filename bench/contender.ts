/** One container manager in a comparison: what it does for each thing that is measured. */
import type { Env } from "./command.ts";

/** What a comparison needs that runs programs of its own in containers. */
export interface Inside {
  /** How a program is run in a container, as its root. */
  run(name: string, argv: readonly string[]): { argv: string[]; env: Env };
  /** Pid of its init, on the host. */
  init(name: string): number;
  /** The address it answers at, given to it here where its manager gives none. */
  address(name: string): string;
  /** Stands in front of a program's arguments that shall reach containers, or make links beside theirs. */
  enter(): readonly string[];
  /** Prints what the levels of a container counted, as JSON. */
  counters?(name: string): { argv: string[]; env: Env };
}

export interface Contender {
  /** As the tables call it. */
  readonly name: string;
  /** Its own directory; its processes name it in their command lines. */
  readonly dir: string;
  /** Processes of it that don't. */
  pids?(): number[];
  /** Whether it is measured with many containers too; false for a second command line of the same daemon. */
  readonly crowd: boolean;
  /** Makes it ready to launch; answers its version and how it is used. Throws Absent where it can't run. */
  open(): Promise<{ version: string; how: string }>;
  /** Creates and starts a container; returns when its init runs. */
  launch(name: string): void | Promise<void>;
  exec(name: string): void;
  /** `null` where it has no such command. */
  list: (() => void) | null;
  /** Ends a container at once and keeps it. */
  kill(name: string): void;
  start(name: string): void;
  /** Ends a running container at once and takes all of it away. */
  remove(name: string): void | Promise<void>;
  /** Ends what `open` began, whatever state it is in. */
  close(): Promise<void>;
  readonly inside?: Inside;
}

/** Why a contender can't run on this host. */
export class Absent extends Error {}
