import type { Context } from "hono";
import type { Engine } from "../engine/index.ts";
import { WarrenError } from "../spec/errors.ts";
import { isEnded, type OperationRecord } from "../spec/operation.ts";

/** What a route's handler works with. */
export interface Deps {
  engine: Engine;
  /** Told when a client asks for the daemon's end. */
  onStop(): void;
  /** Aborted when the server ends, so that answers without an end come to one. */
  closing: AbortSignal;
}

/** The parts of a request that were given: optional fields without `undefined`. */
export type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops fields that are `undefined`. */
export const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

/**
 * Answers for an operation: 202 at once or when `wait` seconds are over, 200 when it ended in time. An operation that
 * failed meanwhile answers with its error, `details.operation` telling which it was.
 */
export async function operationAnswer(
  c: Context,
  { engine, closing }: Deps,
  record: OperationRecord,
  wait: number | undefined,
) {
  const signal = AbortSignal.any([c.req.raw.signal, closing]);
  const now = wait ? await engine.operations.wait(record.id, wait * 1000, signal) : record;
  if (!wait || !isEnded(now.state)) {
    c.header("Location", `/v1/operations/${now.id}`);
    return c.json(now, 202);
  }
  if (now.state === "done") return c.json(now, 200);
  const { code, message, fix, details } = now.error ?? {
    code: "CANCELLED" as const,
    message: `${now.kind} was cancelled`,
    fix: "",
  };
  throw new WarrenError(code, message, fix, { ...details, operation: now.id });
}
