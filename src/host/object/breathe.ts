import { WarrenError } from "../../spec/errors.ts";

/** The daemon serves others meanwhile: no longer than this in one go, in milliseconds. */
const SLICE = 5;

/**
 * For long walks in many small steps: called at each of them, it lets others have their turn every few milliseconds. Throws CANCELLED,
 * naming `what`, when `signal` is aborted.
 */
export function breather(what: string, signal?: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now();
  const turn = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) throw new WarrenError("CANCELLED", `${what} was cancelled`);
    since = performance.now();
  };
  // No promise where none is needed: a walk of ten thousand steps would wait ten thousand times.
  return () => (performance.now() - since < SLICE ? undefined : turn());
}
