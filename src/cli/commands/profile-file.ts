import { PROFILE_MOST, type Profile, type ProfileImported } from "../../spec/profile.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { textOf } from "../local.ts";
import type { Column } from "../text.ts";
import { profile } from "./profile.ts";

const leftOut: Record<string, Column<ProfileImported["leftOut"][number]>> = {
  "left out": { get: (row) => row.name },
  value: { get: (row) => row.value },
  why: { get: (row) => row.reason },
};

export const import_ = command({
  name: "profile import",
  summary: "make a profile of a file",
  description:
    "Warren's own form (YAML or JSON), or an OpenVZ container configuration or sample (ve-NAME.conf-sample): names that " +
    "mean the same today become levels, and one list tells what has no meaning any more. - is standard input.",
  args: {
    file: { complete: "file", help: "file on this host" },
    name: { optional: true, help: "the profile's name; that in the file, or the file's own, unless told" },
  },
  options: { replace: { help: "also when there is one of that name" } },
  examples: [
    ["profile import web.yaml", ""],
    ["profile import /etc/vz/conf/ve-basic.conf-sample basic", "from OpenVZ"],
  ],
  async handler({ file, name, replace }, ctx) {
    const json = {
      text: await (file === "-" ? Bun.stdin.text() : textOf(file, PROFILE_MOST)),
      name,
      file: file === "-" ? undefined : file,
      replace,
    };
    const answer = (await (
      await ctx.client.send("POST", "/v1/profiles/import", { json })
    ).json()) as ProfileImported;
    if (ctx.out.format === "table" && answer.leftOut.length > 0) await ctx.out.list(answer.leftOut, leftOut);
    const count = Object.keys(answer.profile.levels).length;
    await ctx.out.done(
      `profile ${answer.profile.name} is there, with ${count} ${count === 1 ? "level" : "levels"}`,
      answer,
    );
    return 0;
  },
});

/** Warren's own form of a profile. */
export const formOf = ({ name, description, priority, levels }: Profile): object => ({
  name,
  ...(description ? { description } : {}),
  ...(priority === null ? {} : { priority }),
  levels,
});

export const export_ = command({
  name: "profile export",
  summary: "write a profile as a file that `profile import` reads",
  description: "To standard output: YAML, or JSON with -o json.",
  args: { profile },
  options: {},
  examples: [["profile export web > web.yaml", ""]],
  async handler(given, ctx) {
    const form = formOf(await ctx.client.get<Profile>(`/v1/profiles${at(given.profile)}`));
    if (ctx.out.format === "json") await ctx.out.data(form);
    else await ctx.out.write(`${Bun.YAML.stringify(form, null, 2).trimEnd()}\n`);
    return 0;
  },
});
