import type { Client } from "../client.ts";
import { command } from "../command.ts";
import { showBytes, showMoment } from "../format.ts";
import type { Column } from "../text.ts";
import { baseName, place, placeArgument } from "./place.ts";

/** An entry of a guest's directory as the API tells it. */
interface Entry {
  name: string;
  type: string;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: string;
  target?: string;
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0");

const columns: Record<string, Column<Entry>> = {
  type: { get: (entry) => entry.type },
  mode: { get: (entry) => octal(entry.mode) },
  uid: { get: (entry) => entry.uid, right: true },
  gid: { get: (entry) => entry.gid, right: true },
  size: { get: (entry) => entry.size, show: showBytes, right: true },
  changed: {
    get: (entry) => entry.mtime,
    show: showMoment,
  },
  name: {
    get: (entry) => entry.name,
    show: (name: string, { target }) => (target === undefined ? name : `${name} -> ${target}`),
  },
};

/** What a directory holds; nothing for what is no directory. */
async function entriesOf(client: Client, route: string, path: string): Promise<Entry[] | undefined> {
  const response = await client.send("GET", route, { query: { path } });
  if (response.headers.get("x-warren-type") === "directory") return (await response.json()) as Entry[];
  await response.body?.cancel();
  return undefined;
}

export const list = command({
  name: "file list",
  summary: "list a directory of a container",
  description: "",
  args: { place: placeArgument },
  options: {},
  examples: [["file list web/etc", ""]],
  async handler(given, ctx) {
    const { path, route } = place(given.place);
    let entries: Entry[] | undefined = await entriesOf(ctx.client, route, path);
    if (!entries) {
      const name = baseName(path);
      const above = path.replace(/\/+$/, "").slice(0, -name.length);
      entries = (await entriesOf(ctx.client, route, above))?.filter((entry) => entry.name === name) ?? [];
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    await ctx.out.list(entries, columns);
    return 0;
  },
});

export const remove = command({
  name: "file delete",
  summary: "delete files of a container",
  description: "",
  args: { file: { ...placeArgument, many: true } },
  options: {},
  examples: [["file delete web/tmp/old.log", ""]],
  async handler({ file }, ctx) {
    for (const { path, route } of file.map(place))
      await ctx.client.send("DELETE", route, { query: { path } });
    return 0;
  },
});
