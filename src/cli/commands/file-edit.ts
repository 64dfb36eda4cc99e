import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { WarrenError } from "../../spec/errors.ts";
import { command } from "../command.ts";
import { baseName, modeOf, open, place, placeArgument } from "./place.ts";

/** Runs the person's editor on a file; the setting may carry arguments, `code --wait`. Throws FAILED. */
export async function runEditor(setting: string, path: string): Promise<void> {
  const argv = setting.split(/\s+/).filter(Boolean);
  let code: number;
  try {
    code = await Bun.spawn({ cmd: [...argv, path], stdin: "inherit", stdout: "inherit", stderr: "inherit" })
      .exited;
  } catch {
    throw new WarrenError(
      "FAILED",
      `the editor ${argv[0]} could not be started`,
      "set EDITOR to one that is there",
    );
  }
  if (code !== 0)
    throw new WarrenError("FAILED", `the editor ${argv[0]} ended with ${code}`, "nothing was changed");
}

export const edit = command({
  name: "file edit",
  summary: "edit a container's file in your editor",
  description:
    "Uses VISUAL or EDITOR, else vi. Owner and mode stay. A file that was not changed is not written.",
  args: { file: placeArgument },
  options: {},
  examples: [["file edit web/etc/motd", ""]],
  async handler({ file }, ctx) {
    const { answer, path } = await open(ctx.client, place(file));
    const { route } = place(file);
    const { headers } = answer;
    if (headers.get("x-warren-type") === "directory")
      throw new WarrenError("USAGE", `${file} is a directory`, "name a file");
    const directory = await mkdtemp(`${tmpdir()}/warren-edit-`);
    try {
      const local = `${directory}/${baseName(path)}`;
      const before = await answer.bytes();
      await Bun.write(local, before);
      await runEditor(ctx.env.VISUAL || ctx.env.EDITOR || "vi", local);
      const after = await Bun.file(local).bytes();
      if (Buffer.compare(before, after) === 0) {
        await ctx.out.note(`${file} was not changed`);
        return 0;
      }
      const owner = { uid: headers.get("x-warren-uid") ?? "0", gid: headers.get("x-warren-gid") ?? "0" };
      const mode = `0${modeOf(headers).toString(8)}`;
      await ctx.client.send("PUT", route, { body: after, query: { path, mode, ...owner } });
      return 0;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});
