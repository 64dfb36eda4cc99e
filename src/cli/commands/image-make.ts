import type { ImageSummary } from "../../spec/image.ts";
import type { OperationRecord } from "../../spec/operation.ts";
import { type Context, command } from "../command.ts";
import { upload } from "../upload.ts";
import { perform } from "../work.ts";

const alias = { value: "ALIAS", help: "name it is found by" } as const;

/** Tells the name of a new image, or its digest when it has none. */
async function told(
  ctx: Context,
  record: OperationRecord,
  alias: string | undefined,
  done: string,
): Promise<number> {
  const image = record.result as Partial<ImageSummary> | undefined;
  for (const warning of image?.warnings ?? []) await ctx.out.note(`warren: ${warning}`);
  await ctx.out.done(
    `${alias ?? image?.aliases?.[0] ?? image?.digest ?? "the image"} ${done}`,
    image ?? record,
  );
  return 0;
}

export const build = command({
  name: "image build",
  summary: "make an image from a recipe",
  description:
    "Recipes: busybox (built in, without a network), debian/12, debian/13, ubuntu/24.04 (from their mirrors).",
  args: { recipe: { help: "name of a recipe" } },
  options: {
    init: {
      value: "INIT",
      choices: ["systemd", "sysvinit", "openrc"],
      help: "init system, where the recipe has a choice",
    },
    alias,
    force: { short: "f", help: "make it anew although it is there" },
  },
  examples: [
    ["image build debian/13", ""],
    ["image build debian/13 --init openrc --alias debian/13-openrc", ""],
  ],
  async handler(given, ctx) {
    const { recipe, init, force } = given;
    const json = { build: recipe, init, alias: given.alias, force };
    return told(ctx, await perform(ctx, "POST", "/v1/images", { json }), given.alias, "is there");
  },
});

export const pull = command({
  name: "image pull",
  summary: "fetch an image from a registry or an image server",
  description:
    "docker:REF is an image of an OCI registry, fetched by skopeo with root's login (`skopeo login`); its program is run " +
    "under a small init. lxc:ALIAS is an image of the LXC image server, or of another one named in config.json.",
  args: { source: { help: "docker:REF or lxc:ALIAS" } },
  options: { alias, force: { short: "f", help: "fetch it anew although it is there" } },
  examples: [
    ["image pull docker:nginx:1.27", ""],
    ["image pull lxc:debian/12 --alias bookworm", ""],
  ],
  async handler(given, ctx) {
    const { source, force } = given;
    const json = { source, alias: given.alias, force };
    return told(ctx, await perform(ctx, "POST", "/v1/images/pull", { json }), given.alias, "is there");
  },
});

export const import_ = command({
  name: "image import",
  summary: "make an image from an archive",
  description:
    "A tar (plain, gz, xz, zstd) or squashfs of a root file system, also a template of OpenVZ; a unified tarball of Incus or LXC; an " +
    "OCI layout or what `docker save` writes. - is standard input.",
  args: { file: { complete: "file", help: "archive on this host" } },
  options: { alias },
  examples: [["image import rootfs.tar.xz --alias mine/base", ""]],
  async handler(given, ctx) {
    const record = await upload(ctx, "/v1/images/import", given.file, { alias: given.alias });
    return told(ctx, record, given.alias, "imported");
  },
});
