import type { CreateRequest } from "../../spec/container.ts";
import type { SkippedLevel } from "../../spec/profile.ts";
import { type Context, command } from "../command.ts";
import { pairs } from "../parse.ts";
import { perform } from "../work.ts";
import { priorityOf } from "./boot.ts";
import { type GuestAsked, guestOptions, guestRequest } from "./launch-guest.ts";
import { overcommit, skippedText, skipUnsupported } from "./skip.ts";

const args = {
  image: {
    complete: "image",
    help: "alias or digest of an image; a recipe or docker:REF is made when it is not there",
  },
  name: { help: "name of the new container: lower-case letters, digits and hyphens" },
  cmd: { rest: true, optional: true, help: "words in place of an application image's own" },
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

const shared = {
  set,
  profile: {
    value: "PROFILE",
    many: true,
    complete: "profile",
    help: "levels of a profile; of several the later one's hold, and --set above all",
  },
  "skip-unsupported": skipUnsupported,
  overcommit,
  priority,
  pool: {
    value: "POOL",
    complete: "pool",
    help: "where its files are; the pool that is set for new containers unless told",
  },
  ...guestOptions,
} as const;

interface Asked extends GuestAsked {
  image: string;
  name: string;
  set: string[];
  profile: string[];
  "skip-unsupported": boolean;
  overcommit: boolean;
  priority: string | undefined;
  pool: string | undefined;
}

/** The request that both commands send. */
const requestOf = async (given: Asked): Promise<Omit<CreateRequest, "start" | "waitBoot">> => ({
  name: given.name,
  image: given.image,
  levels: pairs(given.set, "a level"),
  profiles: given.profile,
  skipUnsupported: given["skip-unsupported"],
  overcommit: given.overcommit,
  ...(given.pool === undefined ? {} : { pool: given.pool }),
  ...order(given.priority),
  ...(await guestRequest(given)),
});

const order = (text: string | undefined): { priority?: number } =>
  text === undefined ? {} : { priority: priorityOf(text) };

async function make(ctx: Context, request: CreateRequest, done: string): Promise<undefined> {
  const record = await perform(ctx, "POST", "/v1/containers", { json: request });
  const { skipped = [] } = (record.result ?? {}) as { skipped?: SkippedLevel[] };
  if (skipped.length > 0) await ctx.out.note(`warren: ${skippedText(skipped)}`);
  await ctx.out.done(`${request.name} ${done}`, record);
}

export const launch = command({
  name: "launch",
  summary: "create a container and start it",
  description: "Returns when the container's init runs and its network is up.",
  args,
  options: { ...shared, wait: { help: "wait until the guest's boot has finished" } },
  examples: [
    ["launch debian/13 web", "a Debian server called web"],
    ["launch debian/13 site --profile small --set cpu.limit=2", "a small one with two CPUs"],
    ["launch docker:nginx:1.27 front -e TZ=UTC", "one program out of a registry, under a small init"],
    ["launch debian/13 db --ssh-key ~/.ssh/id_ed25519.pub", "one to log in to"],
    ["launch debian/13 db --set memory.limit=512M --set cpu.limit=50%", "one with limits"],
  ],
  handler: async (given, ctx) =>
    make(ctx, { ...(await requestOf(given)), start: true, waitBoot: given.wait }, "launched"),
});

export const create = command({
  name: "create",
  summary: "create a container and leave it stopped",
  description: "",
  args,
  options: shared,
  examples: [["create debian/13 web", "start it later with `warren start web`"]],
  handler: async (given, ctx) =>
    make(ctx, { ...(await requestOf(given)), start: false, waitBoot: false }, "created"),
});
