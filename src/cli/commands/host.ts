import { ERRORS } from "../../spec/errors.ts";
import { command } from "../command.ts";
import type { Column } from "../text.ts";

export const info = command({
  name: "host info",
  summary: "tell what this host is and has",
  description: "",
  args: {},
  options: {},
  examples: [["host info", ""]],
  async handler(_given, ctx) {
    await ctx.out.data(await ctx.client.get("/v1/host"));
    return 0;
  },
});

interface Check {
  name: string;
  state: "ok" | "warn" | "missing";
  message: string;
  fix: string;
}

const columns: Record<string, Column<Check>> = {
  name: { get: (row) => row.name },
  state: { get: (row) => row.state },
  message: { get: (row) => row.message },
  fix: { get: (row) => row.fix },
};

export const check = command({
  name: "host check",
  summary: "check what Warren needs of this host",
  description: `Exit code ${ERRORS.UNSUPPORTED.exit} when something is missing.`,
  args: {},
  options: {},
  examples: [["host check", "each missing piece with its cure"]],
  async handler(_given, ctx) {
    const { ok, checks } = await ctx.client.get<{ ok: boolean; checks: Check[] }>("/v1/host/check");
    if (ctx.out.format === "json" || ctx.out.format === "yaml") await ctx.out.data({ ok, checks });
    else await ctx.out.list(checks, columns);
    return ok ? 0 : ERRORS.UNSUPPORTED.exit;
  },
});
