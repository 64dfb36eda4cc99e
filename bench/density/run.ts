import { basename } from "node:path";
import { PATH } from "../command.ts";

/** Milliseconds that a container may take to start and boot. */
const PATIENCE = 180_000;

/** Runs a program beside others; answers what it prints. Throws with what it said when it fails and may not. */
export async function run(
  argv: readonly string[],
  { env = {}, mayFail = false }: { env?: Record<string, string>; mayFail?: boolean } = {},
): Promise<string> {
  const child = Bun.spawn({
    cmd: [...argv],
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, HOME: "/root", LC_ALL: "C.UTF-8", ...env },
    timeout: PATIENCE,
  });
  const [out, said] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.exitCode === 0 || (mayFail && child.exitCode !== null)) return out.trim();
  const [program = "", ...rest] = argv;
  throw new Error(
    `${[basename(program), ...rest].join(" ")} ended with ${child.exitCode}: ${said.trim().slice(-600)}`,
  );
}
