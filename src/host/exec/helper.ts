import { WarrenError } from "../../spec/errors.ts";
import { TOOL_PATH } from "./index.ts";
import { put } from "./put.ts";

/** A process that does nothing but hold something (a namespace) open for us. */
export interface Helper {
  pid: number;
  /** Whether it still runs, so that its pid is its own. */
  alive(): boolean;
  /** Ends it and takes its exit status. */
  end(): Promise<void>;
}

/**
 * Starts `argv`, which must end in a `cat`, and resolves once a byte went through it: so everything `argv` does before
 * has really been done. (Bun's children are vfork'd; their pid is known before they did anything.)
 */
export async function startHelper(argv: readonly string[]): Promise<Helper> {
  const child = Bun.spawn({
    cmd: [...argv],
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: TOOL_PATH },
  });
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  try {
    // One that ended early is told of below, with what it said.
    await put(child.stdin, "\n").catch(() => undefined);
    const reader = child.stdout.getReader();
    const { done } = await reader.read();
    reader.releaseLock();
    if (!done) return { pid: child.pid, alive, end };
    const said = await new Response(child.stderr).text();
    await end();
    throw new WarrenError(
      "FAILED",
      `${argv[0]} ended early: ${said.trim().split("\n").at(-1) ?? ""}`,
      "see `warren host check`",
    );
  } finally {
    clearTimeout(timer);
  }
}
