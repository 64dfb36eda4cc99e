import { ERRORS } from "../../spec/errors.ts";
import { type Commitment, type Commitments, RESOURCES, type Resource, type Share } from "../../spec/host.ts";
import { command } from "../command.ts";
import { bytes } from "../format.ts";
import type { Column } from "../text.ts";

interface HostInfo extends Record<string, unknown> {
  memory: { total: number; available: number };
  swap: { total: number; free: number };
  storage: { path: string; size: number; free: number };
  commitment: Commitments;
}

/** How amounts of each resource are written. */
const UNITS: Record<Resource, (amount: number) => string> = {
  memory: bytes,
  swap: bytes,
  cpu: (amount) => `${Number(amount.toFixed(2))}`,
  pids: String,
  disk: bytes,
};
const percent = ({ ratio }: Share): string => (ratio === null ? "-" : `${Math.round(ratio * 100)}%`);

/** One resource in a line: what is held of how much, and what was promised of it. */
function commitmentText(resource: Resource, it: Commitment): string {
  const show = UNITS[resource];
  if (it.capacity === 0) return "none";
  const held =
    it.held === null ? "" : `${show(it.held.amount)} held of ${show(it.capacity)} (${percent(it.held)}), `;
  const soft = it.protected.amount > it.guaranteed.amount ? `protected ${percent(it.protected)}, ` : "";
  const open = it.unlimited > 0 ? ` (${it.unlimited} without a limit)` : "";
  return `${held || `${show(it.capacity)} in all, `}guaranteed ${percent(it.guaranteed)}, ${soft}promised ${percent(it.promised)}${open}`;
}

const forPeople = (found: HostInfo): object => ({
  ...found,
  memory: { total: bytes(found.memory.total), available: bytes(found.memory.available) },
  swap: { total: bytes(found.swap.total), free: bytes(found.swap.free) },
  storage: { ...found.storage, size: bytes(found.storage.size), free: bytes(found.storage.free) },
  commitment: Object.fromEntries(
    RESOURCES.map((resource) => [resource, commitmentText(resource, found.commitment[resource])]),
  ),
});

export const info = command({
  name: "host info",
  summary: "tell what this host is and has",
  description:
    "Commitment is about the containers that run: held is what they use now, guaranteed what is kept for them whatever " +
    "happens, protected what is kept while others can give way, promised the sum of their limits.",
  args: {},
  options: {},
  examples: [["host info", ""]],
  async handler(_given, ctx) {
    const found = await ctx.client.get<HostInfo>("/v1/host");
    await ctx.out.data(ctx.out.format === "table" ? forPeople(found) : found);
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
