import type { ServerWebSocket } from "bun";
import type { z } from "zod";
import type { Engine, ExecSession } from "../engine/index.ts";
import { asWarrenError, WarrenError } from "../spec/errors.ts";
import type { Log } from "../spec/log.ts";
import { given } from "./answer.ts";
import { requestError } from "./error.ts";
import { createIntake, type Intake } from "./intake.ts";
import { createOutlet, type Outlet } from "./outlet.ts";
import { clientFrame, consoleRequest, execRequest } from "./schemas/exec.ts";

/** What a WebSocket of `exec` or `console` is for. */
export interface Purpose {
  kind: "exec" | "console";
  name: string;
}

/** One command or console on one WebSocket. */
export interface Relay {
  text(frame: string): void;
  binary(frame: Uint8Array): void;
  /** The socket takes more again. */
  drain(): void;
  /** The socket is closed: what runs is hung up. */
  close(): void;
}

/** What a socket carries with it; the relay from its opening on. */
export interface Carried {
  purpose: Purpose;
  relay?: Relay;
}
export type Socket = ServerWebSocket<Carried>;

/** Sizes and signals that are kept while the command is being started. */
const MOST_EARLY = 64;

/** Ties a command to a socket, with at most 1 MiB on its way in either direction. */
export function createRelay(ws: Socket, purpose: Purpose, exec: Engine["exec"], log: Log): Relay {
  const outlet: Outlet = createOutlet(ws);
  let session: ExecSession | undefined;
  const early: ((session: ExecSession) => void)[] = [];
  let asked = false;
  let closed = false;
  const intake: Intake = createIntake({
    write: (data) => session!.write(data),
    end: () => session!.closeStdin(),
    acknowledge: (bytes) => outlet.acknowledge(bytes),
  });

  const fail = (thrown: unknown): void => {
    const error = asWarrenError(thrown);
    if (error.code === "BUG")
      log("error", "a session failed by a fault of ours", {
        ...purpose,
        stack: String((thrown as Error)?.stack),
      });
    outlet.last({ type: "error", error: error.body() });
  };

  const begin = async (first: string): Promise<void> => {
    session = await open(first);
    if (closed) return session.hangUp();
    outlet.tell({ type: "started" });
    for (const act of early.splice(0)) act(session);
    intake.begin();
    const { stdout, stderr, exited } = session;
    // Its outcome is looked at after all output; a failure before that must not count as unhandled.
    exited.catch(() => undefined);
    await Promise.all([outlet.forward(stdout, 1), ...(stderr ? [outlet.forward(stderr, 2)] : [])]);
    outlet.last({ type: "exit", code: await exited });
  };

  const open = async (first: string): Promise<ExecSession> => {
    const { name } = purpose;
    if (purpose.kind === "console") return exec.console(name, read(consoleRequest, first));
    return exec.exec(name, given(read(execRequest, first)));
  };

  const whenBegun = (act: (session: ExecSession) => void): void => {
    if (session) act(session);
    else if (early.length < MOST_EARLY) early.push(act);
  };

  const later = (frame: string): void => {
    const told = read(clientFrame, frame);
    if (told.type === "ack") outlet.acknowledged(told.bytes);
    else if (told.type === "eof") intake.end();
    else
      whenBegun((it) =>
        told.type === "resize" ? it.resize(told.columns, told.rows) : it.signal(told.signal),
      );
  };

  return {
    text(frame) {
      try {
        if (asked) return later(frame);
        asked = true;
        begin(frame).catch(fail);
      } catch (error) {
        fail(error);
      }
    },
    binary(frame) {
      try {
        if (!asked || frame[0] !== 0)
          throw new WarrenError(
            "USAGE",
            "a binary frame of a client begins with 0 and comes after the first text frame",
            "see docs/api.md",
          );
        intake.take(frame.subarray(1));
      } catch (error) {
        fail(error);
      }
    },
    drain: outlet.drain,
    close() {
      closed = true;
      outlet.close();
      intake.close();
      session?.hangUp();
    },
  };
}

function read<T>(schema: z.ZodType<T>, frame: string): T {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new WarrenError("USAGE", "a text frame is not JSON", "see docs/api.md");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw requestError("frame", result.error.issues);
}
