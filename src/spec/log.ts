/** One JSON line for each thing worth telling: level, a short sentence, fields. */
export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Record<string, unknown>,
) => void;

/** Logged for a failure that nothing waited for: a bug of ours, which the tests look for. */
export const FORGOTTEN = "a failure that nothing waited for; please report it";
