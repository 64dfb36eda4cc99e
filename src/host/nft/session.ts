/**
 * An nft that stays. Starting one takes some milliseconds, and ending it more: the kernel lets go of a socket by which rules
 * were changed only after a grace period (RCU), 5 to 20 ms, though the rules are in force at once.
 */
import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";
import { dialog } from "../exec/dialog.ts";

/** What nft -i does for us. */
export interface NftSession {
  /** Does lines as one transaction, wholly or not at all. Throws FAILED with what nft said, TIMEOUT. */
  batch(lines: string): Promise<void>;
  /** What nft says to a listing; empty when there is no such thing. */
  list(line: string): Promise<string>;
  end(): void;
}

/** Milliseconds for one answer: a table of some thousand elements takes some hundred. */
const TIMEOUT = 10_000;
/** Milliseconds until an nft that isn't asked anything is let go; it holds 6 MB. */
const IDLE = 10_000;

/** Of the words that are known without asking the kernel, one that every version describes in one line. */
const MARK = { line: "describe meta mark", answer: /meta expression, datatype mark [^\n]*\n$/ };

/** How nft begins a line that tells of a failure. */
const FAILURE = /^(?:Error|internal|netlink): ?(.*)$/m;

/** Attempts: nft 1.0.6 now and then crashes while another process changes the rules under its eyes. */
export const TRIES = 5;

function refuse(said: string): void {
  const why = FAILURE.exec(said)?.[1];
  if (why !== undefined)
    throw new WarrenError("FAILED", `nft: ${printable(why)}`, "see details.said", { said });
}

/** Opens one; its process begins with the first line. Source: nft(8), `--interactive`. */
export function openSession(): NftSession {
  // It keeps a history of its lines in the home directory.
  const env = { HOME: "/dev/null" };
  const nft = dialog(["nft", "--interactive"], { mark: MARK, timeout: TIMEOUT, idle: IDLE, env });
  return {
    async batch(lines) {
      // A line is a transaction.
      refuse(await nft.ask(lines.trim().replaceAll("\n", " ; ")));
    },
    async list(line) {
      for (let left = TRIES; ; left--) {
        try {
          const said = await nft.ask(`list ${line}`);
          if (/No such file or directory/.test(said)) return "";
          refuse(said);
          return said;
        } catch (error) {
          if (left === 1) throw error;
        }
      }
    },
    end: () => nft.end(),
  };
}
