import type { Log } from "../spec/log.ts";

/** Writes JSON lines to standard error; `debug` only when asked for. */
export function jsonLog(debug: boolean): Log {
  return (level, message, fields = {}) => {
    if (level === "debug" && !debug) return;
    process.stderr.write(
      `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`,
    );
  };
}
