import type { SkippedLevel } from "../../spec/profile.ts";

/** Options of commands that ask a host for what it may not do. */
export const skipUnsupported = {
  help: "leave out what this host can't do, and say so, rather than refusing",
} as const;
export const overcommit = { help: "also when guarantees come to more than the host has" } as const;

/** One line for what was left out of profiles. */
export const skippedText = (skipped: readonly SkippedLevel[]): string =>
  `left out: ${skipped.map(({ key, value, reason }) => `${key}=${value} (${reason})`).join("; ")}`;
