import { type ErrorBody, WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";
import type { OperationRecord } from "../spec/operation.ts";

/** One request; `query` leaves out what is undefined or false. */
export interface Ask {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: Bun.BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Speaks to the daemon of one instance over its unix socket. */
export interface Client {
  readonly socket: string;
  /** Resolves with an answer of the 200s; throws the API's own error, UNREACHABLE or DENIED. */
  send(method: string, path: string, ask?: Ask): Promise<Response>;
  get<T>(path: string, query?: Ask["query"]): Promise<T>;
  /** Every item of a paged list. */
  list<T>(path: string, query?: Ask["query"]): Promise<T[]>;
  /**
   * Asks for work that takes time. Quick work has ended when this resolves; else the record tells how far it is.
   * Throws the error of work that failed.
   */
  work(method: string, path: string, ask?: Ask): Promise<OperationRecord>;
}

/** Seconds a request for work waits by itself, before progress is shown. */
const PATIENCE = 1;

/**
 * Path made of names, each one escaped. Throws BAD_NAME for what no escaping saves: a URL loses an empty part, `.` and `..`
 * (WHATWG URL, "double-dot URL path segment"), and the request would be about another thing than the one that was named.
 */
export const at = (...parts: string[]): string => parts.map((part) => `/${segment(part)}`).join("");

function segment(part: string): string {
  if (!/^\.{0,2}$/.test(part)) return encodeURIComponent(part);
  throw new WarrenError("BAD_NAME", `"${part}" is not a name`, "give the name of something that is there");
}

/** The error for a daemon that can't be spoken to. */
export function unreachable(socket: string, code: unknown): WarrenError {
  if (code === "EACCES" || code === "EPERM")
    return new WarrenError("DENIED", `no right to open ${socket}`, "become root or join the group warren");
  const missing = code === "ENOENT" || code === "ECONNREFUSED" || code === "FailedToOpenSocket";
  return missing
    ? new WarrenError(
        "UNREACHABLE",
        `no daemon listens on ${socket}`,
        "start it with `warren daemon` or `npm start`",
      )
    : new WarrenError(
        "UNREACHABLE",
        `the daemon on ${socket} went away before it answered`,
        "see `warren operation list` when it is back",
        { reason: String(code) },
      );
}

async function errorOf(response: Response): Promise<WarrenError> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as ErrorBody;
    if (typeof body.code === "string" && typeof body.message === "string") return WarrenError.from(body);
  } catch {
    // Not Warren's own answer; told as it is below.
  }
  return new WarrenError(
    "BUG",
    `the daemon answered ${response.status} without a reason`,
    "see the daemon's log",
    {
      status: response.status,
    },
  );
}

/** A client for `instance`. Connects when it is first asked for something. */
export function createClient(instance: Instance): Client {
  const { socket } = instance;

  async function send(method: string, path: string, ask: Ask = {}): Promise<Response> {
    const url = new URL(`http://warren${path}`);
    for (const [key, value] of Object.entries(ask.query ?? {}))
      if (value !== undefined && value !== false) url.searchParams.set(key, String(value));
    const headers = {
      ...ask.headers,
      ...(ask.json === undefined ? {} : { "content-type": "application/json" }),
    };
    const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        unix: socket,
        headers,
        // Work is waited for as long as it takes.
        timeout: false,
        ...(body === undefined ? {} : { body }),
        ...(ask.signal ? { signal: ask.signal } : {}),
      } as RequestInit);
    } catch (error) {
      if (ask.signal?.aborted) throw new WarrenError("CANCELLED", "stopped waiting", "");
      throw unreachable(socket, (error as { code?: unknown }).code);
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  async function parsed<T>(response: Response): Promise<T> {
    const text = await response.text().catch((error: { code?: unknown }) => {
      throw unreachable(socket, error.code);
    });
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new WarrenError("BUG", "the daemon's answer is not JSON", "see the daemon's log");
    }
  }

  const get = async <T>(path: string, query?: Ask["query"]): Promise<T> =>
    parsed<T>(await send("GET", path, query ? { query } : {}));

  return {
    socket,
    send,
    get,
    async list<T>(path: string, query: Ask["query"] = {}): Promise<T[]> {
      const items: T[] = [];
      let cursor: string | null = null;
      do {
        const page: { items: T[]; next: string | null } = await get(
          path,
          cursor ? { ...query, cursor } : query,
        );
        items.push(...page.items);
        cursor = page.next;
      } while (cursor);
      return items;
    },
    async work(method, path, ask = {}) {
      const response = await send(method, path, { ...ask, query: { wait: PATIENCE, ...ask.query } });
      return parsed<OperationRecord>(response);
    },
  };
}
