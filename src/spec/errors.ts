/**
 * The error every layer speaks: one line for a person, one code for a script.
 *
 * `code` is looked up in `ERRORS`, which is the only place that knows exit codes and HTTP statuses.
 */
export interface ErrorKind {
  /** Exit code of the CLI, see the contract. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 70 | 75;
  /** Status of the HTTP answer. */
  readonly status: 400 | 403 | 404 | 409 | 422 | 500 | 503;
  /** What the code means, for the reference page. */
  readonly meaning: string;
}

const kind = (exit: ErrorKind["exit"], status: ErrorKind["status"], meaning: string): ErrorKind => ({
  exit,
  status,
  meaning,
});

/** Every error code, its exit code, its HTTP status and its meaning. */
export const ERRORS = {
  FAILED: kind(1, 500, "the work was begun and could not be done; what was begun was undone"),
  CANCELLED: kind(1, 409, "the operation was cancelled; what was begun was undone"),
  TIMEOUT: kind(1, 500, "the work did not end in the time given"),
  USAGE: kind(2, 400, "the command line or request is not understood"),
  BAD_NAME: kind(2, 400, "a name is not one that a container, image or alias can have"),
  BAD_VALUE: kind(2, 400, "a value is not understood or out of range"),
  NO_CONTAINER: kind(3, 404, "there is no container of that name"),
  NO_IMAGE: kind(3, 404, "there is no image of that name or digest"),
  NO_SNAPSHOT: kind(3, 404, "there is no snapshot of that name"),
  NO_LEVEL: kind(3, 404, "there is no level of that key"),
  NO_PROFILE: kind(3, 404, "there is no profile of that name"),
  NO_POOL: kind(3, 404, "there is no pool of that name"),
  NO_OPERATION: kind(3, 404, "there is no operation of that id"),
  NO_FILE: kind(3, 404, "there is no such file"),
  NO_ROUTE: kind(3, 404, "there is nothing at that address of the API"),
  EXISTS: kind(4, 409, "something of that name exists already"),
  RUNNING: kind(4, 409, "the container runs and the work needs it stopped"),
  NOT_RUNNING: kind(4, 409, "the container does not run and the work needs it running"),
  FROZEN: kind(4, 409, "the container is frozen and the work needs it running"),
  IN_USE: kind(4, 409, "something else uses it"),
  LOCKED: kind(4, 409, "another daemon holds this state directory"),
  CHANGED: kind(4, 409, "the record changed since it was read"),
  DENIED: kind(5, 403, "the caller may not do this"),
  UNSUPPORTED: kind(5, 422, "this host cannot do it"),
  REFUSED: kind(5, 422, "policy refuses it"),
  HOSTILE: kind(5, 422, "the input tries to reach outside of where it may"),
  PARTLY: kind(6, 500, "done for some of the names given and not for others"),
  BUG: kind(70, 500, "a fault in Warren itself"),
  UNREACHABLE: kind(75, 503, "the daemon does not answer"),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** What crosses the wire and what `-o json` prints on standard error. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  fix: string;
  details?: Record<string, unknown>;
}

/** An error that says what was refused, for which thing and value, and what to do. */
export class WarrenError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    fix = "",
    details?: Record<string, unknown>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "WarrenError";
    this.code = code;
    this.fix = fix;
    this.details = details;
  }

  body(): ErrorBody {
    const { code, message, fix, details } = this;
    return details === undefined ? { code, message, fix } : { code, message, fix, details };
  }

  static from(body: ErrorBody): WarrenError {
    return new WarrenError(body.code in ERRORS ? body.code : "FAILED", body.message, body.fix, body.details);
  }
}

/** What to do about a request that was written wrongly; the command line names its own help instead. */
export const SEE_API = "see GET /v1/openapi.json";

/** What the kernel and SQLite call a full disk. */
const FULL = new Set<unknown>(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

/** Turns whatever was thrown into a `WarrenError`; a full disk is told as such, a stranger becomes `BUG`. */
export function asWarrenError(thrown: unknown): WarrenError {
  if (thrown instanceof WarrenError) return thrown;
  if (FULL.has((thrown as { code?: unknown } | null)?.code))
    return new WarrenError(
      "FAILED",
      "the disk of the state directory is full",
      "free space there",
      undefined,
      thrown,
    );
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new WarrenError("BUG", message, "report it with the daemon's log", undefined, thrown);
}
