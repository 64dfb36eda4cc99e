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

/** `NAME` or `NAME/SNAPSHOT`. */
export function divided(text: string): [name: string, snapshot: string | undefined] {
  const cut = text.indexOf("/");
  return cut < 0 ? [text, undefined] : [text.slice(0, cut), text.slice(cut + 1)];
}

export const copy = command({
  name: "copy",
  summary: "make a container like another one",
  description:
    "The copy has the other's files and saved levels, and an identity and addresses of its own. NAME/SNAPSHOT is what it was then.",
  args: { name: container, to },
  options: {
    pool: {
      value: "POOL",
      complete: "pool",
      help: "where the copy's files are; the other's pool unless told",
    },
  },
  examples: [
    ["copy web web2", ""],
    ["copy web/before-upgrade web2", "of a snapshot"],
  ],
  async handler({ name, to, pool }, ctx) {
    const [from, snapshot] = divided(name);
    const json = { to, pool, ...(snapshot === undefined ? {} : { snapshot }) };
    const record = await perform(ctx, "POST", `/v1/containers${at(from, "copy")}`, { json });
    await ctx.out.done(`${name} copied to ${to}`, record);
    return 0;
  },
});
