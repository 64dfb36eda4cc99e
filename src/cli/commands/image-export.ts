import { at } from "../client.ts";
import { command } from "../command.ts";
import { save, writable } from "../local.ts";

const ENDINGS: Record<string, string> = { zstd: ".tar.zst", gz: ".tar.gz", xz: ".tar.xz", none: ".tar" };

export const export_ = command({
  name: "image export",
  summary: "write an image to a file",
  description: "A unified tarball that `image import` and Incus read. - is standard output.",
  args: {
    image: { complete: "image", help: "alias or digest" },
    file: { optional: true, complete: "file", help: "where to; made from the alias unless told" },
  },
  options: {
    compression: { value: "KIND", choices: ["zstd", "gz", "xz", "none"], help: "zstd unless told" },
    force: { short: "f", help: "replace a file that is there" },
  },
  examples: [["image export debian/13 debian.tar.zst", ""]],
  async handler({ image, file, compression = "zstd", force }, ctx) {
    const target = file ?? `${image.replaceAll(/[^a-z0-9._-]+/gi, "-")}${ENDINGS[compression]}`;
    if (target !== "-") await writable(target, force);
    const response = await ctx.client.send("GET", `/v1/images${at(image)}/export`, {
      query: { compression },
    });
    if (target === "-") {
      if (response.body) for await (const chunk of response.body) await ctx.out.write(chunk);
      return 0;
    }
    await save(response, target, 0o600);
    await ctx.out.done(`${image} exported to ${target}`, { image, file: target });
    return 0;
  },
});
