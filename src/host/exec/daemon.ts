import { WarrenError } from "../../spec/errors.ts";
import { TOOL_PATH } from "./index.ts";

/**
 * Starts a tool that puts itself into the background, and resolves when its first process has ended. It gets no pipe
 * of ours: one that it kept open would never end.
 */
export async function startDaemon(argv: readonly string[], timeout: number): Promise<void> {
  const child = Bun.spawn({
    cmd: [...argv],
    stdio: ["ignore", "ignore", "ignore"],
    env: { PATH: TOOL_PATH },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
  const code = await child.exited;
  clearTimeout(timer);
  if (code !== 0)
    throw new WarrenError("FAILED", `${argv[0]} ended with ${code}`, "start it by hand to see why", { argv });
}
