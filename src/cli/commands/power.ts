import type { ContainerState } from "../../spec/container.ts";
import { at } from "../client.ts";
import { type Context, command } from "../command.ts";
import { forEach, perform } from "../work.ts";
import { all, names, selected } from "./select.ts";
import { overcommit } from "./skip.ts";

const timeout = { short: "t", value: "S", number: true, help: "seconds until it is killed" } as const;
const force = { short: "f", help: "kill it at once" } as const;
const wait = { help: "wait until the guest's boot has finished" } as const;

interface Change {
  verb: string;
  done: string;
  /** States in which `--all` means a container. */
  states: readonly ContainerState[];
  body?: Record<string, unknown>;
}

async function change(ctx: Context, given: { name: string[]; all: boolean }, c: Change): Promise<number> {
  const list = await selected(ctx, given, c.states);
  return forEach(ctx, list, c.done, (name, quiet) =>
    perform(ctx, "POST", `/v1/containers${at(name, c.verb)}`, { json: c.body ?? {} }, quiet),
  );
}

export const start = command({
  name: "start",
  summary: "start containers",
  description: "Returns when init runs and the network is up.",
  args: names,
  options: { all, wait, overcommit },
  examples: [["start web db", "both at once"]],
  handler: (given, ctx) =>
    change(ctx, given, {
      verb: "start",
      done: "started",
      states: ["created", "stopped", "error"],
      body: { waitBoot: given.wait, overcommit: given.overcommit },
    }),
});

export const stop = command({
  name: "stop",
  summary: "shut containers down",
  description: "Tells init to halt; kills what has not ended in the time given.",
  args: names,
  options: { all, timeout, force },
  examples: [
    ["stop web -t 5", "a clean shutdown of at most five seconds"],
    ["stop --all", "every container that runs"],
  ],
  handler: (given, ctx) =>
    change(ctx, given, {
      verb: "stop",
      done: "stopped",
      states: ["running", "frozen", "starting"],
      body: stopBody(given),
    }),
});

export const restart = command({
  name: "restart",
  summary: "shut containers down and start them again",
  description: "",
  args: names,
  options: { all, timeout, force, wait, overcommit },
  examples: [["restart web", ""]],
  handler: (given, ctx) =>
    change(ctx, given, {
      verb: "restart",
      done: "restarted",
      states: ["running"],
      body: { ...stopBody(given), waitBoot: given.wait, overcommit: given.overcommit },
    }),
});

export const freeze = command({
  name: "freeze",
  summary: "halt every process of containers in place",
  description: "Their memory stays as it is; `thaw` lets them run on.",
  args: names,
  options: { all },
  examples: [["freeze web", ""]],
  handler: (given, ctx) => change(ctx, given, { verb: "freeze", done: "frozen", states: ["running"] }),
});

export const thaw = command({
  name: "thaw",
  summary: "let frozen containers run on",
  description: "",
  args: names,
  options: { all },
  examples: [["thaw web", ""]],
  handler: (given, ctx) => change(ctx, given, { verb: "thaw", done: "thawed", states: ["frozen"] }),
});

const stopBody = (given: { timeout: number | undefined; force: boolean }): Record<string, unknown> => ({
  force: given.force,
  ...(given.timeout === undefined ? {} : { timeout: given.timeout }),
});
