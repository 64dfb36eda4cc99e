/** How the program of an application image is run: what of an OCI image configuration Warren keeps. */
export interface AppConfig {
  /** Words that begin the command line; the ones of `command` follow. */
  entrypoint: string[];
  /** Words that whoever launches may replace. */
  command: string[];
  env: Record<string, string>;
  /** Directory it begins in. */
  cwd: string;
  /** Whom it runs as: a name or `uid`, with `:group`; empty is root. */
  user: string;
  /** Number of the signal that asks it to end. */
  stopSignal: number;
  /** What it listens on, `80/tcp`. */
  ports: string[];
}

/** What a launch changes in how the program is run. */
export interface AppRequest {
  /** In place of the image's `command`; its entrypoint stays. */
  command?: string[] | undefined;
  /** Above the image's environment. */
  env?: Record<string, string> | undefined;
}

/** Where the program's exit code is put down when it ends, in the guest's shared memory. */
export const EXIT_FILE = ".warren-exit";
