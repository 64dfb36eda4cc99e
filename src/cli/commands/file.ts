import { stat } from "node:fs/promises";
import { WarrenError } from "../../spec/errors.ts";
import { type Context, command } from "../command.ts";
import { readable, save, streamOf } from "../local.ts";
import { baseName, modeOf, open, type Place, place, placeArgument } from "./place.ts";

const STDIO = "-";

async function send(
  ctx: Context,
  source: string,
  target: Place,
  query: Record<string, string | boolean>,
): Promise<void> {
  if (source === STDIO) {
    const body = Bun.stdin.stream();
    await ctx.client.send("PUT", target.route, {
      body,
      query: { mode: "0644", ...query, path: target.path },
    });
    return;
  }
  const found = await readable(source).catch((error: WarrenError) => {
    if (error.code !== "USAGE") throw error;
    throw new WarrenError("USAGE", error.message, "send a tree with `tar c . | warren exec NAME -- tar x`");
  });
  const mode = `0${(found.mode & 0o777).toString(8)}`;
  await ctx.client.send("PUT", target.route, {
    body: found.isFile() ? Bun.file(source) : streamOf(source),
    query: { mode, ...query, path: target.path },
  });
}

export const push = command({
  name: "file push",
  summary: "copy files into a container",
  description:
    "A target that ends with / is a directory. The mode is the file's own unless told. - is standard input.",
  args: { source: { many: true, complete: "file", help: "files on this host" }, target: placeArgument },
  options: {
    mode: { value: "MODE", help: "permissions, octal" },
    uid: { value: "ID", number: true, help: "owner in the guest; 0 unless told" },
    gid: { value: "ID", number: true, help: "group in the guest; 0 unless told" },
    parents: { short: "p", help: "make missing directories" },
  },
  examples: [
    ["file push site.conf web/etc/nginx/conf.d/", ""],
    ["file push app web/usr/local/bin/app --mode 0755", ""],
  ],
  async handler({ source, target, mode, uid = 0, gid = 0, parents }, ctx) {
    if (mode !== undefined && !/^0?[0-7]{3,4}$/.test(mode))
      throw new WarrenError("USAGE", `--mode "${mode}" is not octal`, "write it like 0644");
    const to = place(target);
    const isDirectory = to.path.endsWith("/");
    if (!isDirectory && source.length > 1)
      throw new WarrenError(
        "USAGE",
        "several files need a directory",
        `end the target with a slash: ${target}/`,
      );
    const query = { uid: String(uid), gid: String(gid), makeParents: parents, ...(mode ? { mode } : {}) };
    for (const file of source) {
      const path = isDirectory ? to.path + baseName(file) : to.path;
      await send(ctx, file, { ...to, path }, query);
    }
    return 0;
  },
});

export const pull = command({
  name: "file pull",
  summary: "copy a file out of a container",
  description: "A target that is a directory keeps the file's name. - is standard output.",
  args: {
    source: placeArgument,
    target: { optional: true, complete: "file", help: "file or directory; . unless told" },
  },
  options: { archive: { short: "a", help: "a whole tree as a tar archive" } },
  examples: [
    ["file pull web/etc/hosts -", "show it"],
    ["file pull -a web/srv srv.tar", "a directory with all in it"],
  ],
  async handler({ source, target = ".", archive }, ctx) {
    const from = place(source);
    const { path, route } = from;
    const response = archive
      ? await ctx.client.send("GET", route, { query: { path, archive: "tar" } })
      : (await open(ctx.client, from)).answer;
    if (!archive && response.headers.get("x-warren-type") === "directory") {
      await response.body?.cancel();
      throw new WarrenError("USAGE", `${source} is a directory`, "give --archive for a tar of it");
    }
    if (target === STDIO) {
      if (response.body) for await (const chunk of response.body) await ctx.out.write(chunk);
      return 0;
    }
    const inside = await stat(target).then(
      (found) => found.isDirectory(),
      () => target.endsWith("/"),
    );
    const name = inside
      ? `${target.replace(/\/+$/, "") || "/"}/${baseName(path)}${archive ? ".tar" : ""}`
      : target;
    await save(response, name, archive ? 0o600 : modeOf(response.headers));
    return 0;
  },
});
