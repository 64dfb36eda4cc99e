/** Feeding tools: one that ends without reading must never hurt the daemon. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { flow } from "../../src/host/exec/flow.ts";
import { run } from "../../src/host/exec/index.ts";
import { pack } from "../../src/host/tar/index.ts";

const PIECE = new Uint8Array(256 * 1024).fill(97);
const forgotten: unknown[] = [];
const note = (reason: unknown): void => void forgotten.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

/** A stream of so many pieces, each once there is room. */
function pieces(count: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(out) {
      if (left-- > 0) out.enqueue(PIECE);
      else out.close();
    },
  });
}

test("tools that end without reading what they were given leave no failure that nothing waits for", async () => {
  for (let round = 0; round < 60; round++) {
    const streamed = flow(["true"], { input: pieces(20), timeout: 20_000 });
    expect((await streamed.ended).code).toBe(0);
    expect((await run(["true"], { input: PIECE })).code).toBe(0);
  }
  await Bun.sleep(50);
  expect(forgotten).toEqual([]);
}, 60_000);

test("a tool gets all of its input while it says more than a pipe holds", async () => {
  const { stdout } = await run(["cat"], { input: PIECE, timeout: 20_000 });
  expect(stdout.length).toBe(PIECE.length);
  const { stdout: body, ended } = flow(["cat"], { input: pieces(20), timeout: 20_000 });
  expect((await new Response(body).bytes()).length).toBe(20 * PIECE.length);
  expect((await ended).code).toBe(0);
});

test("a stream that breaks ends the tool and is told", async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (out) => out.error(new Error("the line was cut")),
  });
  const { ended } = flow(["cat"], { input: broken, timeout: 20_000 });
  expect(ended).rejects.toThrow("the input broke off: the line was cut");
  await ended.catch(() => undefined);
});

test.each(["zstd", "gz", "none"] as const)(
  "a %s archive that nobody reads on ends, its compressor too",
  async (kind) => {
    const { stream, over } = pack([{ directory: "/usr/lib", names: ["."] }], kind);
    const reader = stream.getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel();
    // Waits for standard error's end, which every process of the pipeline holds open.
    await over;
  },
);
