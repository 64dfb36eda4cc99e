/** Requests and answers of the HTTP API, over a fake engine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { statSync } from "node:fs";
import type { ErrorBody } from "../../src/spec/errors.ts";
import type { OperationRecord } from "../../src/spec/operation.ts";
import { startApi, type TestApi } from "../helpers/api.ts";

let api: TestApi;
beforeAll(() => {
  api = startApi(["web", "db", "cache"]);
});
afterAll(() => api.stop());

const refused = async (response: Response): Promise<{ status: number } & ErrorBody> => ({
  status: response.status,
  ...((await response.json()) as ErrorBody),
});
const operation = async (response: Response) => (await response.json()) as OperationRecord;
const last = () => api.engine.asked.at(-1);

test("the socket lets in nobody but root and the group", () => {
  expect(statSync(api.socket).mode & 0o777).toBe(0o660);
});

test("a list is ordered, cut into pages and filtered", async () => {
  type Page = { items: { name: string }[]; next: string | null };
  const get = async (query: string) => {
    const { items, next } = (await (await api.ask("GET", `/v1/containers${query}`)).json()) as Page;
    return { names: items.map((item) => item.name), next };
  };
  expect(await get("")).toEqual({ names: ["cache", "db", "web"], next: null });
  const first = await get("?limit=2");
  expect(first.names).toEqual(["cache", "db"]);
  expect(await get(`?limit=2&cursor=${first.next}`)).toEqual({ names: ["web"], next: null });
  expect((await get("?name=b")).names).toEqual(["db", "web"]);
});

test("what is asked of the engine is what the client said, defaults filled in", async () => {
  const created = await api.ask("POST", "/v1/containers", { name: "new", image: "busybox" });
  expect(created.status).toBe(202);
  expect(created.headers.get("location")).toBe(`/v1/operations/${(await operation(created)).id}`);
  const request = { name: "new", image: "busybox", levels: {}, start: false, waitBoot: false };
  expect(last()).toEqual({ kind: "container.create", args: [request] });
  await api.ask("POST", "/v1/containers/web/stop", { timeout: 3 });
  expect(last()).toEqual({ kind: "container.stop", args: ["web", { timeout: 3 }] });
  await api.ask("POST", "/v1/containers/web/start");
  expect(last()).toEqual({ kind: "container.start", args: ["web", {}] });
  await api.ask("DELETE", "/v1/containers/web?force=true");
  expect(last()).toEqual({ kind: "container.delete", args: ["web", { force: true }] });
  await api.ask("PUT", "/v1/containers/web/levels", { set: { "pids.limit": "9" } });
  expect(last()?.args[1]).toEqual({ set: { "pids.limit": "9" }, save: false, dryRun: false });
});

test("a version is the ETag, and If-Match reaches the engine", async () => {
  expect((await api.ask("GET", "/v1/containers/web")).headers.get("etag")).toBe('"7"');
  const rename = (match: string) =>
    api.ask("PATCH", "/v1/containers/web", undefined, {
      body: '{"name":"www"}',
      headers: { "content-type": "application/json", "if-match": match },
    });
  await rename('"7"');
  expect(last()?.args).toEqual(["web", "www", 7]);
  await rename("*");
  expect(last()?.args).toEqual(["web", "www", undefined]);
  expect(await refused(await rename("seven"))).toMatchObject({ status: 400, code: "USAGE" });
});

test("wait answers at the operation's end with 200, with its error, or with 202", async () => {
  const start = () => api.ask("POST", "/v1/containers/web/start?wait=30");
  const ended = async (how: Partial<OperationRecord>) => {
    const before = api.engine.asked.length;
    const answer = start();
    while (api.engine.asked.length === before) await Bun.sleep(1);
    api.engine.end(api.engine.operations.list().at(-1)!.id, how);
    return await answer;
  };
  const done = await ended({ result: 5 });
  expect([done.status, (await operation(done)).result]).toEqual([200, 5]);
  const error = { code: "NO_IMAGE" as const, message: "gone", fix: "look", details: { image: "x" } };
  const failed = await refused(await ended({ state: "failed", error }));
  expect(failed).toMatchObject({
    ...error,
    status: 404,
    details: { image: "x", operation: expect.any(String) },
  });
  const cancelled = await refused(await ended({ state: "cancelled" }));
  expect(cancelled).toMatchObject({ status: 409, code: "CANCELLED" });
  const early = await api.ask("POST", "/v1/containers/web/start?wait=0.01");
  expect([early.status, early.headers.get("location")]).toEqual([
    202,
    `/v1/operations/${(await operation(early)).id}`,
  ]);
});

test("waiting for an operation by its own route never fails with it", async () => {
  const { id } = await operation(await api.ask("POST", "/v1/containers/web/start"));
  api.engine.end(id, { state: "failed", error: { code: "FAILED", message: "no", fix: "" } });
  const answer = await api.ask("GET", `/v1/operations/${id}/wait?timeout=5`);
  expect([answer.status, (await operation(answer)).state]).toEqual([200, "failed"]);
});

const post = (body: string, type = "application/json") =>
  api.ask("POST", "/v1/containers", undefined, { body, headers: { "content-type": type } });

test.each([
  ["no JSON", () => post("{"), 400, "USAGE", "the request's body is not JSON"],
  ["another type", () => post("{}", "text/plain"), 400, "USAGE", "not JSON"],
  ["a missing field", () => post('{"name":"x"}'), 400, "USAGE", 'lacks "image"'],
  ["an unknown field", () => post('{"name":"x","image":"y","imgae":1}'), 400, "USAGE", '"imgae"'],
  ["a wrong type", () => post('{"name":1,"image":"y"}'), 400, "BAD_VALUE", '"name"'],
  ["too much", () => post(`{"name":"${"x".repeat(2 << 20)}"}`), 400, "USAGE", "larger than"],
  ["a wrong query", () => api.ask("GET", "/v1/containers?limit=-1"), 400, "BAD_VALUE", '"limit"'],
  ["an unknown container", () => api.ask("GET", "/v1/containers/nope"), 404, "NO_CONTAINER", "nope"],
  [
    "an unknown one in a stream",
    () => api.ask("GET", "/v1/containers/nope/logs"),
    404,
    "NO_CONTAINER",
    "nope",
  ],
  ["an unknown address", () => api.ask("GET", "/v1/containes"), 404, "NO_ROUTE", "/v1/containes"],
  ["a wrong method", () => api.ask("PUT", "/v1/containers/web"), 405, "USAGE", "PUT"],
  ["a socket spoken to plainly", () => api.ask("GET", "/v1/containers/web/exec"), 400, "USAGE", "WebSocket"],
] as const)("%s is refused in one clear line", async (_, ask, status, code, message) => {
  const error = await refused(await ask());
  expect([error.status, error.code]).toEqual([status, code]);
  expect(error.message).toContain(message);
  expect(error.message).not.toContain("\n");
});

test("a wrong method is told the right ones", async () => {
  const answer = await api.ask("PUT", "/v1/containers/web");
  expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(["DELETE", "GET", "PATCH"]);
});

test("a fault of ours is BUG for the client and has its stack in the log", async () => {
  const info = api.engine.host.info;
  api.engine.host.info = async () => {
    throw new TypeError("x is not a function");
  };
  expect(await refused(await api.ask("GET", "/v1/host"))).toMatchObject({ status: 500, code: "BUG" });
  api.engine.host.info = info;
  expect(String(api.faults.at(-1)?.stack)).toContain("TypeError");
});

test("the daemon is told to stop after the answer", async () => {
  expect((await api.ask("POST", "/v1/daemon/stop")).status).toBe(202);
  while (api.stops === 0) await Bun.sleep(1);
});

test("HEAD tells of a file without its bytes", async () => {
  api.engine.stored.set("/f", new Uint8Array(3));
  const answer = await api.ask("HEAD", "/v1/containers/web/files?path=/f");
  expect([answer.status, answer.headers.get("x-warren-mode"), await answer.text()]).toEqual([
    200,
    "4755",
    "",
  ]);
});
