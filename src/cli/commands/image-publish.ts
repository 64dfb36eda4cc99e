import type { ImageSummary } from "../../spec/image.ts";
import { command } from "../command.ts";
import { perform } from "../work.ts";

export const publish = command({
  name: "image publish",
  summary: "make an image of a container",
  description:
    "A container that is stopped or frozen, or a snapshot of any. What belongs to one machine is left out: its id, name, and SSH host keys.",
  args: {
    source: { complete: "container", help: "NAME, or NAME/SNAPSHOT" },
    alias: { help: "name the image is found by" },
  },
  options: {
    description: { value: "TEXT", help: "a line for people" },
    force: { short: "f", help: "take the alias from an image that has it" },
    "keep-ssh-keys": { help: "leave the SSH host keys in: all containers of the image share them" },
  },
  examples: [
    ["image publish web team/web", ""],
    ["image publish web/before-upgrade team/web:1", "of a snapshot, while it runs"],
  ],
  async handler(given, ctx) {
    const { source: from, alias, description, force } = given;
    const json = { from, alias, description, force, keepSshKeys: given["keep-ssh-keys"] };
    const record = await perform(ctx, "POST", "/v1/images/publish", { json });
    const { sshKeysLeftOut: keys, ...image } = record.result as ImageSummary & { sshKeysLeftOut: number };
    if (keys > 0 && ctx.out.format === "table")
      await ctx.out.note(
        `warren: ${keys} SSH host keys were left out; in a new container, ssh-keygen -A makes its own`,
      );
    await ctx.out.done(`${alias} is made of ${from}`, image);
    return 0;
  },
});
