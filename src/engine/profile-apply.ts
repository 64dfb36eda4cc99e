import { asWarrenError, WarrenError } from "../spec/errors.ts";
import type { ProfileApplied, ProfileOutcome } from "../spec/profile.ts";
import { type Context, record } from "./context.ts";
import type { Engine } from "./index.ts";

/** Containers changed at the same time: enough that one slow to give memory back holds up few. */
const AT_ONCE = 8;

/**
 * Brings containers to a profile, each in a transaction of its own: one that fails is as it was, and the others go on.
 * Throws at once what concerns all: NO_PROFILE, UNSUPPORTED.
 */
export function createApply(c: Context, set: Engine["levels"]["set"]): Engine["profiles"]["apply"] {
  return (profile, { containers, save, skipUnsupported, overcommit }) => {
    const { levels, priority, skipped } = c.profiles.resolve([profile], {}, skipUnsupported);
    const names = [...new Set(containers)];

    async function one(container: string): Promise<ProfileOutcome> {
      try {
        record(c.store, container);
        const change = await set(container, { set: levels, save, dryRun: false, overcommit });
        if (save)
          c.store.containers.update(container, (old) => ({
            ...old,
            profiles: [...(old.profiles ?? []).filter((each) => each !== profile), profile],
            priority: priority ?? old.priority,
          }));
        return { container, change };
      } catch (thrown) {
        return { container, error: asWarrenError(thrown).body() };
      }
    }

    return c.operations.submit({
      kind: "profile.apply",
      targets: names,
      // Each change waits for its own container only.
      locks: [],
      async run(work): Promise<ProfileApplied> {
        const left = [...names];
        const outcomes = new Map<string, ProfileOutcome>();
        const worker = async (): Promise<void> => {
          for (let name = left.shift(); name !== undefined; name = left.shift()) {
            if (work.signal.aborted) throw new WarrenError("CANCELLED", "stopped applying", "");
            outcomes.set(name, await one(name));
            work.progress(`applying ${profile}`, outcomes.size, names.length);
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
        return { profile, outcomes: names.flatMap((name) => outcomes.get(name) ?? []), skipped };
      },
    });
  };
}
