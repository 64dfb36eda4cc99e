import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { WarrenError } from "../../spec/errors.ts";
import type { Profile } from "../../spec/profile.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { runEditor } from "./file-edit.ts";
import { change, profile, STAYS } from "./profile.ts";
import { formOf } from "./profile-file.ts";

/** The change that brings a profile to an edited form; what was taken out goes. Throws BAD_VALUE. */
export function changeTo(before: Profile, text: string): object {
  let form: unknown;
  try {
    form = Bun.YAML.parse(text);
  } catch (error) {
    throw new WarrenError("BAD_VALUE", `that is no YAML: ${String(error)}`, "nothing was changed");
  }
  const { name = before.name, description = "", priority = null, levels = {}, ...strange } = Object(form);
  const [first] = Object.keys(strange);
  if (first !== undefined || typeof levels !== "object" || Array.isArray(levels))
    throw new WarrenError(
      "BAD_VALUE",
      first === undefined ? "levels is not a list of KEY: VALUE" : `there is no field "${first}"`,
      "nothing was changed",
    );
  const set = Object.fromEntries(Object.entries(levels ?? {}).map(([key, value]) => [key, String(value)]));
  return {
    name,
    description,
    priority,
    set,
    unset: Object.keys(before.levels).filter((key) => !(key in set)),
  };
}

export const edit = command({
  name: "profile edit",
  summary: "change a profile in your editor",
  description: "Uses VISUAL or EDITOR, else vi. Nothing happens when the file was not changed.",
  args: { profile },
  options: {},
  examples: [["profile edit web", ""]],
  async handler(given, ctx) {
    const before = await ctx.client.get<Profile>(`/v1/profiles${at(given.profile)}`);
    if (before.builtin)
      throw new WarrenError(
        "REFUSED",
        `profile "${before.name}" comes with Warren and stays as it is`,
        `make your own of it: warren profile create NAME --from ${before.name}`,
      );
    const directory = await mkdtemp(`${tmpdir()}/warren-edit-`);
    try {
      const file = `${directory}/profile.yaml`;
      const text = `${Bun.YAML.stringify(formOf(before), null, 2).trimEnd()}\n`;
      await Bun.write(file, text);
      await runEditor(ctx.env.VISUAL || ctx.env.EDITOR || "vi", file);
      const after = await Bun.file(file).text();
      if (after === text) {
        await ctx.out.note(`${given.profile} was not changed`);
        return 0;
      }
      const said = `profile ${given.profile} is changed; ${STAYS}`;
      return await change(ctx, given.profile, changeTo(before, after), said, before.version);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});
