import { ERRORS, WarrenError } from "../../spec/errors.ts";
import type { ImageCheck, ImageDamage, ImagePruned, ImageSummary } from "../../spec/image.ts";
import { agreed } from "../agreed.ts";
import { command } from "../command.ts";
import { bytes } from "../format.ts";
import type { Column } from "../text.ts";
import { perform } from "../work.ts";

export const prune = command({
  name: "image prune",
  summary: "free what images no longer need",
  description: "Takes away kept files that no image and no container holds any more.",
  args: {},
  options: {
    all: { help: "also images that no container is made from; asks first when a person types it" },
    yes: { short: "y", help: "do not ask" },
  },
  examples: [
    ["image prune", ""],
    ["image prune --all -y", "only images with containers are left"],
  ],
  async handler({ all, yes }, ctx) {
    if (all && !yes) {
      const images = await ctx.client.list<ImageSummary>("/v1/images");
      const unused = images.filter(({ containers }) => containers.length === 0);
      const names = unused.map(({ aliases, digest }) => aliases[0] ?? digest.slice(0, 19)).join(", ");
      if (unused.length > 0 && !(await agreed(ctx, `delete ${unused.length} images (${names})`)))
        throw new WarrenError("CANCELLED", "nothing was deleted", "answer y, or give -y");
    }
    const record = await perform(ctx, "POST", "/v1/images/prune", { json: { all } });
    const { images, objects, freed } = record.result as ImagePruned;
    const gone = images.length > 0 ? `deleted ${images.join(", ")}; ` : "";
    await ctx.out.done(`${gone}${objects} files that nobody used, ${bytes(freed)} freed`, record.result);
    return 0;
  },
});

const columns: Record<string, Column<ImageDamage>> = {
  kind: { get: (row) => row.kind },
  what: {
    get: (row) => row.what,
    show: (what: string) => what.replace(/.*\/objects\/..\//, "").slice(0, 24),
  },
  why: { get: (row) => row.why },
  images: { get: (row) => row.images },
  containers: { get: (row) => row.containers },
  fix: { get: (row) => row.fix },
};

export const check = command({
  name: "image check",
  summary: "read images again and compare them with what was stored",
  description:
    "Reads every kept file and every image. Tells what is damaged, which images and containers hold it, and the way out. " +
    `Exit code ${ERRORS.FAILED.exit} when anything is damaged.`,
  args: {},
  options: {
    repair: { help: "take damaged files out of the store, so that making the image anew mends it" },
  },
  examples: [
    ["image check", ""],
    ["image check --repair", "then `image build NAME --force` mends the image"],
  ],
  async handler({ repair }, ctx) {
    const record = await perform(ctx, "POST", "/v1/images/check", { json: { repair } });
    const found = record.result as ImageCheck;
    if (ctx.out.format !== "table") await ctx.out.data(found);
    else {
      if (found.damaged.length > 0) await ctx.out.list(found.damaged, columns);
      const unused =
        found.unused > 0
          ? `; ${found.unused} of no use any more (${bytes(found.unusedBytes)}, image prune)`
          : "";
      const state = found.damaged.length === 0 ? "all as stored" : `${found.damaged.length} damaged`;
      await ctx.out.write(
        `${found.images} images, ${found.objects} kept files, ${bytes(found.bytes)} read: ${state}${unused}\n`,
      );
    }
    return found.damaged.length === 0 ? 0 : ERRORS.FAILED.exit;
  },
});
