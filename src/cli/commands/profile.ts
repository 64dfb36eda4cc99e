import type { Profile } from "../../spec/profile.ts";
import { at } from "../client.ts";
import { type Context, command } from "../command.ts";
import { showMoment } from "../format.ts";
import { pairs } from "../parse.ts";
import type { Column } from "../text.ts";
import { priorityOf } from "./boot.ts";

export const profile = { complete: "profile", help: "name of a profile" } as const;
const description = { value: "TEXT", help: "one line for people" } as const;
const priority = {
  value: "N",
  help: "order of starting after a reboot of the host, higher first; none leaves it alone",
} as const;

/** Said after every change of a profile. */
export const STAYS = "containers stay as they are until it is applied";

const levelsOf = ({ levels }: Profile): string[] =>
  Object.entries(levels).map(([key, value]) => `${key}=${value}`);

/** `--priority`: a number, or `none`. Throws BAD_VALUE. */
function profilePriority(text: string | undefined): { priority?: number | null } {
  if (text === undefined) return {};
  return { priority: text === "none" ? null : priorityOf(text) };
}

const columns: Record<string, Column<Profile>> = {
  name: { get: (row) => row.name },
  builtin: { get: (row) => row.builtin, show: (value: boolean) => (value ? "yes" : "no") },
  levels: { get: levelsOf, show: (levels: string[]) => levels.join(" ") || "-" },
  priority: { get: (row) => row.priority, right: true },
  description: { get: (row) => row.description },
};

export const list = command({
  name: "profile list",
  summary: "list profiles",
  description: `Columns: ${Object.keys(columns).join(", ")}.`,
  args: {},
  options: {
    columns: { short: "c", value: "A,B", help: "only these columns, in this order" },
    "no-header": { help: "without the columns' names" },
  },
  examples: [["profile list", ""]],
  async handler(given, ctx) {
    await ctx.out.list(await ctx.client.list<Profile>("/v1/profiles"), columns, given);
    return 0;
  },
});

const get = (ctx: Context, name: string): Promise<Profile> =>
  ctx.client.get<Profile>(`/v1/profiles${at(name)}`);

export const show = command({
  name: "profile show",
  summary: "tell everything about a profile",
  description: "",
  args: { profile },
  options: {},
  examples: [["profile show small", ""]],
  async handler(given, ctx) {
    const found = await get(ctx, given.profile);
    const people = { ...found, created: found.created && showMoment(found.created) };
    await ctx.out.data(ctx.out.format === "table" ? people : found);
    return 0;
  },
});

const levels = { many: true, optional: true, complete: "level", help: "KEY=VALUE" } as const;

export const create = command({
  name: "profile create",
  summary: "make a profile",
  description:
    "Percentages stay percentages: they are worked out on the host that the profile is applied on.",
  args: { name: { help: "its name: lower-case letters, digits, '.', '_' and '-'" }, level: levels },
  options: {
    from: { value: "PROFILE", complete: "profile", help: "one that gives what isn't said" },
    description,
    priority,
  },
  examples: [
    ["profile create web memory.limit=10% pids.limit=500", ""],
    ["profile create web --from small cpu.limit=2", "like small, with two CPUs"],
  ],
  async handler(given, ctx) {
    const { name, level, from } = given;
    const json = {
      name,
      from,
      levels: pairs(level, "a level"),
      description: given.description,
      ...profilePriority(given.priority),
    };
    const answer = await ctx.client.send("POST", "/v1/profiles", { json });
    await ctx.out.done(`profile ${name} is there`, await answer.json());
    return 0;
  },
});

/** Changes a profile; `json` as the API takes it. */
export async function change(ctx: Context, name: string, json: unknown, said: string, ifVersion?: number) {
  const headers = ifVersion === undefined ? {} : { headers: { "if-match": `"${ifVersion}"` } };
  const answer = await ctx.client.send("PATCH", `/v1/profiles${at(name)}`, { json, ...headers });
  await ctx.out.done(said, await answer.json());
  return 0;
}

export const set = command({
  name: "profile set",
  summary: "change a profile",
  description: "Containers that were made with it stay as they are; `profile apply` brings them to it.",
  args: { profile, level: levels },
  options: {
    unset: { value: "KEY", many: true, complete: "level", help: "a level to take out" },
    description,
    priority,
  },
  examples: [["profile set web memory.limit=1G --unset cpu.limit", ""]],
  async handler(given, ctx) {
    const { level, unset } = given;
    const set = pairs(level, "a level");
    const json = { set, unset, description: given.description, ...profilePriority(given.priority) };
    return change(ctx, given.profile, json, `profile ${given.profile} is changed; ${STAYS}`);
  },
});

export const rename = command({
  name: "profile rename",
  summary: "give a profile another name",
  description: "Containers remember the name they were made with.",
  args: { profile, name: { help: "its new name" } },
  options: {},
  examples: [["profile rename web site", ""]],
  handler: (given, ctx) =>
    change(ctx, given.profile, { name: given.name }, `profile ${given.profile} is called ${given.name}`),
});

export const remove = command({
  name: "profile delete",
  summary: "delete profiles",
  description: "Containers that were made with them stay as they are.",
  args: { profile: { ...profile, many: true } },
  options: {},
  examples: [["profile delete web", ""]],
  async handler(given, ctx) {
    for (const name of given.profile) {
      await ctx.client.send("DELETE", `/v1/profiles${at(name)}`);
      await ctx.out.done(`profile ${name} deleted`, { name });
    }
    return 0;
  },
});
