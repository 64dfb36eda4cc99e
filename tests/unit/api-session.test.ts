/** Commands over WebSockets: order, end, flow control, over a fake session. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ExecRequest, ExecSession } from "../../src/engine/index.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import { startApi, type TestApi } from "../helpers/api.ts";

const WINDOW = 1 << 20;
let api: TestApi;
beforeAll(() => {
  api = startApi(["web"]);
});
afterAll(() => api.stop());

type Heard = { type: string; code?: number; bytes?: number; error?: { code: string; message: string } };

/** A client that keeps what it hears; it acknowledges output only when told to. */
function connect(path = "/v1/containers/web/exec") {
  const socket = new WebSocket(`ws+unix://${api.socket}:${path}`);
  socket.binaryType = "arraybuffer";
  const client = {
    socket,
    told: [] as Heard[],
    out: { 1: 0, 2: 0 } as Record<number, number>,
    acknowledge: true,
    closed: new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    }),
    opened: new Promise<void>((resolve) => {
      socket.onopen = () => resolve();
    }),
    tell: (frame: unknown) => socket.send(JSON.stringify(frame)),
    data: (bytes: Uint8Array) => socket.send(Buffer.concat([new Uint8Array([0]), bytes])),
  };
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === "string") return void client.told.push(JSON.parse(data));
    client.out[new Uint8Array(data)[0]!]! += data.byteLength - 1;
    if (client.acknowledge) client.tell({ type: "ack", bytes: data.byteLength - 1 });
  };
  return client;
}

const streamOf = (...pieces: (Uint8Array | string)[]): ReadableStream<Uint8Array> =>
  new Response(new Blob(pieces as string[])).body!;

/** A session whose parts a test replaces. */
function session(parts: Partial<ExecSession>): ExecSession {
  return {
    stdout: streamOf(),
    stderr: streamOf(),
    write: async () => undefined,
    closeStdin: () => undefined,
    resize: () => undefined,
    signal: () => undefined,
    hangUp: () => undefined,
    exited: Promise.resolve(0),
    ...parts,
  };
}

const until = async (true_: () => boolean): Promise<void> => {
  while (!true_()) await Bun.sleep(1);
};

test("the request arrives whole; output, then exit, then the end", async () => {
  let asked: ExecRequest | undefined;
  api.engine.session = (request) => {
    asked = request;
    return session({
      stdout: streamOf("x".repeat(200_000)),
      stderr: streamOf("err"),
      exited: Promise.resolve(7),
    });
  };
  const client = connect();
  await client.opened;
  const request = { command: ["a", ""], env: { K: "v=1" }, user: "u", stdin: true };
  client.tell(request);
  expect(await client.closed).toBe(1000);
  expect(asked).toEqual(request);
  expect(client.out).toEqual({ 1: 200_000, 2: 3 });
  expect(client.told).toEqual([{ type: "started" }, { type: "exit", code: 7 }]);
});

test("an early exit does not overtake output", async () => {
  const stdout = new ReadableStream<Uint8Array>({
    async start(controller) {
      await Bun.sleep(20);
      controller.enqueue(new Uint8Array(9));
      controller.close();
    },
  });
  api.engine.session = () => session({ stdout });
  const client = connect();
  await client.opened;
  client.tell({ command: ["x"] });
  await until(() => client.told.some(({ type }) => type === "exit"));
  expect(client.out[1]).toBe(9);
  await client.closed;
});

test("output stops at 1 MiB that was not acknowledged and goes on behind it", async () => {
  let pulled = 0;
  const stdout = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pulled >= 4 * WINDOW) return controller.close();
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    },
    { highWaterMark: 0 },
  );
  api.engine.session = () => session({ stdout });
  const client = connect();
  client.acknowledge = false;
  await client.opened;
  client.tell({ command: ["x"] });
  await until(() => client.out[1] === WINDOW);
  await Bun.sleep(20);
  expect(client.out[1]).toBe(WINDOW);
  expect(pulled).toBeLessThanOrEqual(WINDOW + 65_536);
  client.acknowledge = true;
  client.tell({ type: "ack", bytes: WINDOW });
  await client.closed;
  expect(client.out[1]).toBe(4 * WINDOW);
});

test("input is written in order, acknowledged after it was written, and ended", async () => {
  const gate = Promise.withResolvers<void>();
  const done = Promise.withResolvers<number>();
  let text = "";
  api.engine.session = () =>
    session({
      async write(data) {
        await gate.promise;
        text += new TextDecoder().decode(data);
      },
      closeStdin: () => done.resolve(0),
      exited: done.promise,
      stdout: new ReadableStream({ pull: (controller) => done.promise.then(() => controller.close()) }),
    });
  const client = connect();
  await client.opened;
  client.tell({ command: ["cat"], stdin: true });
  for (let i = 0; i < 1000; i++) client.data(new TextEncoder().encode(`${i},`));
  client.tell({ type: "eof" });
  await until(() => client.told.some(({ type }) => type === "started"));
  expect(client.told.filter(({ type }) => type === "ack")).toEqual([]);
  gate.resolve();
  await client.closed;
  expect(text).toBe(Array.from({ length: 1000 }, (_, i) => `${i},`).join(""));
  const acknowledged = client.told.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  expect(acknowledged).toBe(text.length);
});

test("a client that sends more than it may is told and cut off, and its command hung up", async () => {
  const hung = Promise.withResolvers<void>();
  api.engine.session = () =>
    session({
      write: () => new Promise(() => undefined),
      hangUp: () => hung.resolve(),
      stdout: new ReadableStream(),
      exited: new Promise(() => undefined),
    });
  const client = connect();
  await client.opened;
  client.tell({ command: ["cat"], stdin: true });
  for (let i = 0; i < 3; i++) client.data(new Uint8Array(WINDOW / 2));
  await client.closed;
  expect(client.told.at(-1)?.error?.code).toBe("USAGE");
  await hung.promise;
});

test("a client that goes away hangs its command up and lets go of the output", async () => {
  const hung = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const stdout = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
  api.engine.session = () =>
    session({ stdout, hangUp: () => hung.resolve(), exited: new Promise(() => undefined) });
  const client = connect();
  await client.opened;
  client.tell({ command: ["sleep"] });
  await until(() => client.told.length > 0);
  client.socket.close();
  await Promise.all([hung.promise, cancelled.promise]);
});

test("size and signals reach the command", async () => {
  const heard: unknown[] = [];
  const done = Promise.withResolvers<number>();
  api.engine.session = () =>
    session({
      resize: (...size) => heard.push(size),
      signal: (name) => done.resolve(heard.push(name)),
      exited: done.promise,
      stdout: new ReadableStream({ pull: (controller) => done.promise.then(() => controller.close()) }),
    });
  const client = connect("/v1/containers/web/console");
  await client.opened;
  client.tell({ columns: 80, rows: 25 });
  client.tell({ type: "resize", columns: 100, rows: 30 });
  await until(() => client.told.length > 0);
  client.tell({ type: "resize", columns: 101, rows: 31 });
  client.tell({ type: "signal", signal: "SIGINT" });
  await client.closed;
  expect(heard).toEqual([[100, 30], [101, 31], "SIGINT"]);
});

test.each([
  ["is not JSON", "{", "USAGE"],
  ["lacks its command", "{}", "USAGE"],
  ["has an unknown field", '{"command":["x"],"comand":[]}', "USAGE"],
  ["has an empty command", '{"command":[]}', "BAD_VALUE"],
  ["smuggles a NUL", '{"command":["a\\u0000b"]}', "BAD_VALUE"],
])("a first frame that %s is refused", async (_, frame, code) => {
  const client = connect();
  await client.opened;
  client.socket.send(frame);
  expect(await client.closed).toBe(1000);
  expect(client.told.map((told) => told.error?.code)).toEqual([code as string]);
});

test("what Warren itself could not do is an error, before and after the start", async () => {
  const error = new WarrenError("FROZEN", "web is frozen", "thaw it");
  for (const make of [
    () => Promise.reject(error),
    () => Promise.resolve(session({ exited: Promise.reject(error) })),
  ]) {
    api.engine.session = make as never;
    const client = connect();
    await client.opened;
    client.tell({ command: ["x"] });
    await client.closed;
    expect(client.told.at(-1)).toEqual({ type: "error", error: error.body() as never });
  }
});

test("a hundred sessions at once keep to themselves", async () => {
  api.engine.session = ({ command }) => session({ stdout: streamOf(new Uint8Array(Number(command[0]))) });
  const sizes = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const client = connect();
      await client.opened;
      client.tell({ command: [String(i * 1000)] });
      await client.closed;
      return client.out[1];
    }),
  );
  expect(sizes).toEqual(Array.from({ length: 100 }, (_, i) => i * 1000));
});
