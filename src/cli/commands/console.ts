import { command } from "../command.ts";
import { openTerminal } from "../terminal.ts";
import { attachOr125 } from "./exec.ts";

const CTRL_A = 0x01;
const Q = 0x71;

/** Finds Ctrl-a q in what is typed, also across chunks: `null` leaves. Ctrl-a twice is one Ctrl-a for the guest. */
export function escapeFilter(): (chunk: Uint8Array) => Uint8Array | null {
  let held = false;
  return (chunk) => {
    const out: number[] = [];
    for (const byte of chunk) {
      if (!held && byte === CTRL_A) held = true;
      else if (held && byte === Q) return null;
      else {
        if (held && byte !== CTRL_A) out.push(CTRL_A);
        out.push(byte);
        held = false;
      }
    }
    return Uint8Array.from(out);
  };
}

export const console = command({
  name: "console",
  summary: "attach to a container's console",
  description:
    "Shows what was written there lately, then all that comes. Ctrl-a q leaves; Ctrl-a Ctrl-a types Ctrl-a.",
  args: { name: { complete: "container", help: "name of a container" } },
  options: {},
  examples: [["console web", ""]],
  async handler({ name }, ctx) {
    const both = (await ctx.out.isTerminal(0)) && (await ctx.out.isTerminal(1));
    const terminal = both ? openTerminal() : undefined;
    const session = {
      first: terminal?.size() ?? { columns: 80, rows: 24 },
      input: () => Bun.stdin.stream(),
      terminal,
      begun: () => void ctx.out.note(`connected to the console of ${name}; Ctrl-a q leaves it`),
      filter: escapeFilter(),
    };
    return attachOr125(ctx, name, "console", Promise.resolve(session));
  },
});
