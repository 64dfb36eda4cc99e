import { readFileSync } from "node:fs";
import { countFrom } from "./connections-text.ts";

/** Entries above which the host's connections aren't gone through: it would hold up everything else. */
const MOST = 32_768;

/** How many connections the host tracks now; `null` where it tracks none. */
export function tracked(): number | null {
  return number("/proc/sys/net/netfilter/nf_conntrack_count");
}

/**
 * How many of them each address began, as the kernel writes addresses; `null` where there are too many to count, or the
 * kernel doesn't list them.
 */
export function trackedFrom(): Map<string, number> | null {
  const count = tracked();
  if (count === null || count > MOST) return null;
  try {
    return countFrom(readFileSync("/proc/net/nf_conntrack", "latin1"));
  } catch {
    return null;
  }
}

function number(path: string): number | null {
  try {
    return Number(readFileSync(path, "latin1"));
  } catch {
    return null;
  }
}
