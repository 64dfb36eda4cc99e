/**
 * Says what a test needs of the host. Where the host lacks it the test is skipped and its name carries the reason;
 * where REQUIRED (comma-separated, set by `.ci/run`) names it, the same lack is a failure.
 *
 *     const { test } = requires("root", "lxc");
 *     test("starts in its own cgroup", async () => { ... });
 */
import { describe as bunDescribe, test as bunTest } from "bun:test";
import { FEATURES, type Feature } from "./features.ts";

type Body = (() => void) | (() => Promise<unknown>);

export interface Requirement {
  /** Why the tests can't run here, `null` when they can. */
  readonly missing: string | null;
  test(name: string, body: Body, timeout?: number): void;
  describe(name: string, body: () => void): void;
}

/** Decides for a list of features; pure, so that it can be tested. */
export function verdict(
  features: readonly Feature[],
  lack: (feature: Feature) => string | null,
  required: string,
): { missing: string | null; fail: boolean } {
  const must = new Set(required.split(",").map((word) => word.trim()));
  const lacks = features.flatMap((feature) => {
    const why = lack(feature);
    return why === null ? [] : [{ feature, why }];
  });
  const missing = lacks.map(({ feature, why }) => `needs ${feature}: ${why}`).join("; ") || null;
  return { missing, fail: lacks.some(({ feature }) => must.has(feature)) };
}

/** `test` and `describe` for what needs these features of the host. */
export function requires(...features: Feature[]): Requirement {
  const { missing, fail } = verdict(features, (feature) => FEATURES[feature](), Bun.env.REQUIRED ?? "");
  if (missing === null) {
    return { missing, test: (name, body, timeout) => bunTest(name, body, timeout), describe: bunDescribe };
  }
  if (fail) {
    const refuse = (name: string) =>
      bunTest(name, () => {
        throw new Error(`this machine must be able to run it: ${missing}`);
      });
    return { missing, test: refuse, describe: refuse };
  }
  return {
    missing,
    test: (name, body) => bunTest.skip(`${name} [${missing}]`, body),
    describe: (name, body) => bunDescribe.skip(`${name} [${missing}]`, body),
  };
}
