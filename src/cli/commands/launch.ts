import type { CreateRequest } from "../../spec/container.ts";
import { type Context, command } from "../command.ts";
import { pairs } from "../parse.ts";
import { perform } from "../work.ts";
import { priorityOf } from "./boot.ts";

const args = {
  image: { complete: "image", help: "alias or digest of an image" },
  name: { help: "name of the new container: lower-case letters, digits and hyphens" },
} as const;

const set = {
  value: "K=V",
  many: true,
  complete: "level",
  help: "a level, in force before init starts",
} as const;

const priority = {
  value: "N",
  help: "order of starting after a reboot of the host, higher first",
} as const;

const order = (text: string | undefined): { priority?: number } =>
  text === undefined ? {} : { priority: priorityOf(text) };

async function make(ctx: Context, request: CreateRequest, done: string): Promise<undefined> {
  const record = await perform(ctx, "POST", "/v1/containers", { json: request });
  await ctx.out.done(`${request.name} ${done}`, record);
}

export const launch = command({
  name: "launch",
  summary: "create a container and start it",
  description: "Returns when the container's init runs and its network is up.",
  args,
  options: { set, priority, wait: { help: "wait until the guest's boot has finished" } },
  examples: [
    ["launch debian/13 web", "a Debian server called web"],
    ["launch debian/13 db --set memory.limit=512M --set cpu.limit=50%", "one with limits"],
  ],
  handler: ({ image, name, set, priority, wait }, ctx) =>
    make(
      ctx,
      { name, image, levels: pairs(set, "a level"), ...order(priority), start: true, waitBoot: wait },
      "launched",
    ),
});

export const create = command({
  name: "create",
  summary: "create a container and leave it stopped",
  description: "",
  args,
  options: { set, priority },
  examples: [["create debian/13 web", "start it later with `warren start web`"]],
  handler: ({ image, name, set, priority }, ctx) =>
    make(
      ctx,
      { name, image, levels: pairs(set, "a level"), ...order(priority), start: false, waitBoot: false },
      "created",
    ),
});
