import type { Context } from "./command.ts";

/** Asks a person; a script that has no terminal has decided already. */
export async function agreed(ctx: Context, question: string): Promise<boolean> {
  if (!(await ctx.out.isTerminal(0))) return true;
  await Bun.write(Bun.stderr, `${question}? [y/N] `);
  for await (const line of console) return /^y(es)?$/i.test(line.trim());
  return false;
}
