import { existsSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { type Context, command } from "../command.ts";

/** Seconds a daemon may take to end. */
const STOP_SECONDS = 30;

/** The daemon's version answer, or `null` when none listens. */
async function asked(ctx: Context): Promise<Record<string, unknown> | null> {
  try {
    return await ctx.client.get<Record<string, unknown>>("/v1/version");
  } catch (error) {
    if (error instanceof WarrenError && error.code === "UNREACHABLE") return null;
    throw error;
  }
}

export const daemon = command({
  name: "daemon",
  summary: "run the daemon in the foreground",
  description:
    "Writes its log to standard error, ends with SIGTERM or `warren daemon stop`; containers run on without it.",
  args: {},
  options: {},
  examples: [["daemon", ""]],
  async handler(_given, ctx) {
    const { runDaemon } = await import("../../daemon/main.ts");
    return runDaemon(ctx.instance);
  },
});

export const status = command({
  name: "daemon status",
  summary: "tell whether the daemon runs",
  description: "Exit code 75 when it does not.",
  args: {},
  options: {},
  examples: [["daemon status", ""]],
  async handler(_given, ctx) {
    const version = await ctx.client.get<Record<string, unknown>>("/v1/version");
    await ctx.out.done(`the daemon (${version.version}) listens on ${ctx.client.socket}`, {
      running: true,
      socket: ctx.client.socket,
      ...version,
    });
    return 0;
  },
});

export const stop = command({
  name: "daemon stop",
  summary: "end the daemon; containers run on",
  description: "",
  args: {},
  options: {},
  examples: [["daemon stop", ""]],
  async handler(_given, ctx) {
    if (!(await asked(ctx))) {
      await ctx.out.done("the daemon does not run", { running: false });
      return 0;
    }
    await ctx.client.send("POST", "/v1/daemon/stop");
    for (let left = STOP_SECONDS * 20; left > 0; left--) {
      // Its lock goes last, after it took away what nothing uses any more.
      if (!(await asked(ctx)) && !existsSync(`${ctx.instance.run}/daemon.lock`)) {
        await ctx.out.done("the daemon has ended; containers run on", { running: false });
        return 0;
      }
      await Bun.sleep(50);
    }
    throw new WarrenError(
      "TIMEOUT",
      `the daemon has not ended within ${STOP_SECONDS} s`,
      "see the daemon's log",
    );
  },
});
