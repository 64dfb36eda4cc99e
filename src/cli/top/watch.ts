import { asWarrenError } from "../../spec/errors.ts";
import type { LevelChange } from "../../spec/level.ts";
import { isEnded } from "../../spec/operation.ts";
import type { ContainerUsage } from "../../spec/usage.ts";
import { at } from "../client.ts";
import type { Context } from "../command.ts";
import { pairs } from "../parse.ts";
import { openTerminal } from "../terminal.ts";
import { failureOf } from "../work.ts";
import { keysOf } from "./keys.ts";
import { type Host, pageOf, render } from "./render.ts";
import { openScreen, paintFor } from "./screen.ts";
import { type Action, arrived, press, type State } from "./state.ts";

/** Milliseconds to the second reading, so that rates are there at once. */
const FIRST_REST = 300;
/** Seconds that freezing is waited for; longer than the kernel's patience. */
const FREEZING = 15;
/** Signals that end it, and what the shell adds 128 to. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

const clock = (): string => new Date().toTimeString().slice(0, 8);

/** The host's size, for the totals. */
async function hostOf(ctx: Context): Promise<Host | null> {
  const found = await ctx.client.get<{ cpus?: string; memory?: { total?: number } }>("/v1/host");
  const cpus = (found.cpus ?? "").split(",").reduce((sum, part) => {
    const [first = Number.NaN, last = first] = part.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
  return Number.isNaN(cpus) ? null : { cpus, memory: found.memory?.total ?? 0 };
}

/** Does what a key asked for; one sentence about what came of it. Throws the API's error. */
async function perform(ctx: Context, action: Exclude<Action, { do: "quit" | "read" }>): Promise<string> {
  const { name } = action;
  if (action.do === "set") {
    const json = { set: pairs(action.words, "a level"), save: action.save };
    const answer = await ctx.client.send("PUT", `/v1/containers${at(name)}/levels`, { json });
    return `${name}: ${action.words.join(" ")} ${((await answer.json()) as LevelChange).note}`;
  }
  const path = `/v1/containers${at(name, action.do)}`;
  const record = await ctx.client.work("POST", path, { json: {}, query: { wait: FREEZING } });
  if (!isEnded(record.state)) return `${name}: ${action.do} is under way`;
  const failure = failureOf(record);
  if (failure) throw failure;
  return `${name} ${action.do === "freeze" ? "is frozen" : "runs on"}`;
}

/**
 * Shows all containers until the user leaves. Resolves with the exit code; throws UNREACHABLE when the daemon goes away.
 * However it ends, the terminal is as it was.
 */
export async function watch(ctx: Context, first: State): Promise<number> {
  const terminal = openTerminal();
  const screen = openScreen(ctx.out);
  const paint = paintFor(ctx.env);
  const { promise: over, resolve, reject } = Promise.withResolvers<number>();
  let state = first;
  let host: Host | null = null;
  let isOver = false;
  let wake = (): void => undefined;
  let drawing: Promise<void> | null = null;
  let again = false;

  /** Draws the state as it is then; while a frame is on its way, the next one waits and is the only one. */
  function draw(): void {
    if (drawing) {
      again = true;
      return;
    }
    const { columns, rows } = terminal.size();
    const lines = render(state, { columns, rows, host, clock: clock() }, paint);
    drawing = screen.show(lines).then(() => {
      drawing = null;
      if (!again || isOver) return;
      again = false;
      draw();
    });
    drawing.catch(reject);
  }

  const rest = (ms: number): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(done, ms);
      wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  async function read(): Promise<void> {
    for (let next = FIRST_REST; !isOver; next = Number.POSITIVE_INFINITY) {
      const usage = await ctx.client.get<ContainerUsage[]>("/v1/usage");
      state = arrived(state, usage);
      draw();
      await rest(Math.min(next, state.interval * 1000));
    }
  }
  async function act(action: Action): Promise<void> {
    if (action.do === "quit") return resolve(0);
    if (action.do === "read") return wake();
    try {
      state = { ...state, note: { text: await perform(ctx, action), bad: false } };
    } catch (thrown) {
      const { message, fix } = asWarrenError(thrown);
      state = { ...state, note: { text: fix ? `${message}; ${fix}` : message, bad: true } };
    }
    draw();
    wake();
  }
  async function listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of Bun.stdin.stream()) {
      for (const key of keysOf(decoder.decode(chunk, { stream: true }))) {
        const paged = { ...state, page: pageOf(terminal.size().rows) };
        const answer = press(paged, key);
        // Another pace holds from now on, not from the end of the old pause.
        const isFaster = answer.state.interval < state.interval;
        state = answer.state;
        if (isFaster) wake();
        if (answer.action) act(answer.action).catch(reject);
      }
      draw();
    }
    resolve(0);
  }

  const handlers = Object.entries(SIGNALS).map(([signal, number]) => {
    const handler = (): void => resolve(128 + number);
    process.on(signal, handler);
    return { signal, handler };
  });
  try {
    // Asked before the screen is taken, so that an error is told on the one people see.
    state = arrived(state, await ctx.client.get<ContainerUsage[]>("/v1/usage"));
    host = await hostOf(ctx);
    terminal.raw(true);
    await screen.open();
    terminal.onResize(draw);
    read().catch(reject);
    listen().catch(reject);
    return await over;
  } finally {
    isOver = true;
    wake();
    await screen.close().catch(() => undefined);
    terminal.raw(false);
    for (const { signal, handler } of handlers) process.off(signal, handler);
  }
}
