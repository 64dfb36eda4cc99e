import { at } from "../client.ts";
import { command } from "../command.ts";
import { perform } from "../work.ts";

const container = { complete: "container", help: "name of a container" } as const;
const to = { help: "the new name" } as const;

export const rename = command({
  name: "rename",
  summary: "give a container another name",
  description: "",
  args: { name: container, to },
  options: {},
  examples: [["rename web www", ""]],
  async handler({ name, to }, ctx) {
    const record = await perform(ctx, "PATCH", `/v1/containers${at(name)}`, { json: { name: to } });
    await ctx.out.done(`${name} renamed to ${to}`, record);
    return 0;
  },
});

export const copy = command({
  name: "copy",
  summary: "make a container like another one",
  description: "The copy has the other's files and saved levels, and an identity and addresses of its own.",
  args: { name: container, to },
  options: {},
  examples: [["copy web web2", ""]],
  async handler({ name, to }, ctx) {
    const record = await perform(ctx, "POST", `/v1/containers${at(name, "copy")}`, { json: { to } });
    await ctx.out.done(`${name} copied to ${to}`, record);
    return 0;
  },
});
