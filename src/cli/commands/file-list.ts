import { command } from "../command.ts";
import { showBytes, showMoment } from "../format.ts";
import type { Column } from "../text.ts";
import { baseName, place, placeArgument } from "./place.ts";

/** An entry of a guest's directory as the API tells it. */
interface Entry {
  name: string;
  type: string;
  size: number | null;
  mode: number | string;
  uid: number;
  gid: number;
  mtime: string | null;
}

const octal = (mode: number | string): string =>
  (typeof mode === "number" ? mode & 0o7777 : Number.parseInt(mode, 8) & 0o7777).toString(8).padStart(4, "0");

const columns: Record<string, Column<Entry>> = {
  type: { get: (entry) => entry.type },
  mode: { get: (entry) => octal(entry.mode) },
  uid: { get: (entry) => entry.uid, right: true },
  gid: { get: (entry) => entry.gid, right: true },
  size: { get: (entry) => entry.size, show: showBytes, right: true },
  changed: {
    get: (entry) => entry.mtime,
    show: (text: string | null) => (text === null ? "-" : showMoment(text)),
  },
  name: { get: (entry) => entry.name },
};

export const list = command({
  name: "file list",
  summary: "list a directory of a container",
  description: "",
  args: { place: placeArgument },
  options: {},
  examples: [["file list web/etc", ""]],
  async handler(given, ctx) {
    const { path, route } = place(given.place);
    const response = await ctx.client.send("GET", route, { query: { path } });
    const { headers } = response;
    const type = headers.get("x-warren-type") ?? "file";
    let entries: Entry[];
    if (type === "directory") entries = (await response.json()) as Entry[];
    else {
      await response.body?.cancel();
      const number = (name: string): number => Number(headers.get(name) ?? 0);
      const size = headers.get("content-length");
      entries = [
        {
          name: baseName(path),
          type,
          size: size === null ? null : Number(size),
          mode: headers.get("x-warren-mode") ?? "0",
          uid: number("x-warren-uid"),
          gid: number("x-warren-gid"),
          mtime: null,
        },
      ];
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
