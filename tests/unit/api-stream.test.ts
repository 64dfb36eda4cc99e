/** What the API streams: files, archives, logs, events. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OperationRecord } from "../../src/spec/operation.ts";
import { startApi, type TestApi } from "../helpers/api.ts";

let api: TestApi;
beforeAll(() => {
  api = startApi(["web"]);
  for (const name of ["a", "b", "c"]) api.engine.emit({ type: "container-created", container: name });
});
afterAll(() => api.stop());

const files = (path: string) => `/v1/containers/web/files?path=${encodeURIComponent(path)}`;

/** Reads until `enough`, then goes away. */
async function readUntil(response: Response, enough: (text: string) => boolean): Promise<string> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!enough(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

test("a file goes in and comes out byte for byte, with its owner and mode", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const many = new Blob(Array.from({ length: 64 }, () => bytes));
  const put = await api.ask("PUT", `${files("/big")}&mode=4755&uid=5&gid=6&makeParents=true`, undefined, {
    body: many,
  });
  expect(put.status).toBe(204);
  expect(api.engine.asked.at(-1)?.args).toEqual([{ mode: 0o4755, uid: 5, gid: 6, makeParents: true }]);
  const got = await api.ask("GET", files("/big"));
  expect(Bun.hash(await got.bytes())).toBe(Bun.hash(await many.bytes()));
  expect(got.headers.get("x-warren-type")).toBe("file");
  expect([got.headers.get("x-warren-mode"), got.headers.get("x-warren-uid")]).toEqual(["4755", "5"]);
  expect((await api.ask("DELETE", files("/big"))).status).toBe(204);
  expect((await api.ask("GET", files("/big"))).status).toBe(404);
});

test("an empty file can be put", async () => {
  await api.ask("PUT", files("/empty"), undefined, { body: new Uint8Array() });
  expect(api.engine.stored.get("/empty")?.length).toBe(0);
});

test("a directory answers its entries, and a tree its archive", async () => {
  const answer = await api.ask("GET", files("/"));
  expect([answer.headers.get("x-warren-type"), await answer.json()]).toEqual(["directory", []]);
  expect(await (await api.ask("GET", `${files("/")}&archive=tar`)).text()).toBe("tar");
});

test("a path that is not absolute is refused", async () => {
  expect((await api.ask("GET", files("etc"))).status).toBe(400);
});

test("an archive is imported as it comes, its size told", async () => {
  const body = new Uint8Array(3 << 20);
  const answer = await api.ask("POST", "/v1/images/import?alias=a/b&wait=30", undefined, { body });
  expect(((await answer.json()) as OperationRecord).result).toBe(body.length);
  expect(api.engine.asked.at(-1)?.args).toEqual([{ alias: "a/b", size: body.length }]);
});

test("an archive that comes slowly is taken whole before the answer, waited for or not", async () => {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let i = 0; i < 5; i++) {
        controller.enqueue(new Uint8Array(100_000));
        await Bun.sleep(5);
      }
      controller.close();
    },
  });
  const answer = await api.ask("POST", "/v1/images/import", undefined, { body });
  const { id } = (await answer.json()) as OperationRecord;
  const ended = (await (await api.ask("GET", `/v1/operations/${id}/wait`)).json()) as OperationRecord;
  expect([answer.status, ended.result]).toEqual([202, 500_000]);
});

test("an image is found by an alias with a slash, and exported", async () => {
  expect((await api.ask("GET", "/v1/images/a%2F1")).status).toBe(200);
  expect(await (await api.ask("GET", "/v1/images/a%2F1/export?compression=none")).text()).toBe("archive");
  expect((await api.ask("GET", "/v1/images/a%2F1/export?compression=rar")).status).toBe(400);
});

test("a followed log ends when its reader goes away", async () => {
  const answer = await api.ask("GET", "/v1/containers/web/logs?follow=true");
  expect(await readUntil(answer, (text) => text.includes("\n"))).toBe("line\n");
});

test("stored events are JSON lines, from the cursor on", async () => {
  const text = await (await api.ask("GET", "/v1/events?since=1")).text();
  expect(
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).seq),
  ).toEqual([2, 3]);
});

test("server-sent events resume behind the last id and follow", async () => {
  const headers = { accept: "text/event-stream", "last-event-id": "2" };
  const answer = await api.ask("GET", "/v1/events?follow=true&since=0", undefined, { headers });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const reading = readUntil(answer, (text) => text.includes("id: 4"));
  api.engine.emit({ type: "container-deleted", container: "a" });
  const text = await reading;
  expect([...text.matchAll(/^id: (\d+)$/gm)].map((found) => found[1])).toEqual(["3", "4"]);
  expect(text).toContain('data: {"type":"container-deleted","container":"a","seq":4');
});

test("followers are let go when the server stops", async () => {
  const other = startApi(["web"]);
  const answer = await other.ask("GET", "/v1/events?follow=true", undefined, {
    headers: { accept: "text/event-stream" },
  });
  const text = answer.text();
  await other.stop();
  expect(await text).toStartWith(": events");
});
