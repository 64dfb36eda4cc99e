import { ERRORS, WarrenError } from "../../spec/errors.ts";
import type { ProfileApplied, ProfileOutcome } from "../../spec/profile.ts";
import { at } from "../client.ts";
import { command } from "../command.ts";
import { perform } from "../work.ts";
import { profile } from "./profile.ts";
import { all, names, selected } from "./select.ts";
import { overcommit, skippedText, skipUnsupported } from "./skip.ts";

/** The exit code: the first failure's when none was changed, 6 when some were. */
function exitOf(outcomes: readonly ProfileOutcome[]): number {
  const first = outcomes.find(({ error }) => error)?.error;
  if (!first) return 0;
  return outcomes.some(({ error }) => !error) ? ERRORS.PARTLY.exit : ERRORS[first.code].exit;
}

export const apply = command({
  name: "profile apply",
  summary: "bring containers to a profile",
  description:
    "Each container is changed in one go or not at all; one that can't be changed holds up no other. Levels that the " +
    "profile doesn't name stay. Without --save it is lost at the next start, and --all means those that run. With " +
    "--save its priority is taken over too.",
  args: { profile, ...names },
  options: {
    all,
    save: { help: "also keep it for the next start" },
    "skip-unsupported": skipUnsupported,
    overcommit,
  },
  examples: [
    ["profile apply small web db", "at once, until the next start"],
    ["profile apply small --all --save", "every container, for good"],
  ],
  async handler(given, ctx) {
    const { save, overcommit } = given;
    const states = save
      ? (["created", "running", "frozen", "stopped", "error"] as const)
      : (["running", "frozen"] as const);
    const containers = await selected(ctx, given, states);
    if (containers.length === 0) {
      await ctx.out.done("there is no container to apply it to", []);
      return 0;
    }
    const json = { containers, save, overcommit, skipUnsupported: given["skip-unsupported"] };
    const record = await perform(ctx, "POST", `/v1/profiles${at(given.profile, "apply")}`, { json });
    const applied = record.result as ProfileApplied;
    const { outcomes, skipped } = applied;
    if (ctx.out.format !== "table") await ctx.out.data(applied);
    for (const { container, change, error } of outcomes) {
      if (error) await ctx.out.fail(of(container, WarrenError.from(error)));
      else if (ctx.out.format === "table") await ctx.out.write(`${container}: ${change?.note ?? "done"}\n`);
    }
    if (skipped.length > 0) await ctx.out.note(`warren: ${skippedText(skipped)}`);
    return exitOf(outcomes);
  },
});

/** The error of one of several, which says whose it is. */
const of = (container: string, error: WarrenError): WarrenError =>
  error.message.includes(`"${container}"`)
    ? error
    : new WarrenError(error.code, `${container}: ${error.message}`, error.fix, error.details);
