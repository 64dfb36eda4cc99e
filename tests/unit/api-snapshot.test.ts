/** Snapshots, exports and images of containers over HTTP, over a fake engine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ErrorBody } from "../../src/spec/errors.ts";
import { startApi, type TestApi } from "../helpers/api.ts";

let api: TestApi;
beforeAll(() => {
  api = startApi(["web"]);
});
afterAll(() => api.stop());

const refused = async (method: string, path: string, json?: unknown) => {
  const response = await api.ask(method, path, json);
  const { code } = (await response.json()) as ErrorBody;
  return [response.status, code];
};
const asked = async (method: string, path: string, json?: unknown) => {
  const { status } = await api.ask(method, path, json);
  return [status, api.engine.asked.at(-1)];
};
const at = "/v1/containers/web/snapshots";

test("the list is paged, and one is found by its name", async () => {
  const pageAt = async (query: string) => {
    const { items, next } = (await (await api.ask("GET", `${at}${query}`)).json()) as {
      items: { name: string }[];
      next: string | null;
    };
    return [items.map(({ name }) => name), next] as const;
  };
  const [first, next] = await pageAt("?limit=1");
  expect(first).toEqual(["a"]);
  expect(await pageAt(`?limit=1&cursor=${next}`)).toEqual([["b"], null]);
  expect(await refused("GET", "/v1/containers/none/snapshots")).toEqual([404, "NO_CONTAINER"]);
  expect(await refused("GET", `${at}/none`)).toEqual([404, "NO_SNAPSHOT"]);
});

test("one is made with or without a body; what can't be is refused", async () => {
  expect(await asked("POST", at)).toEqual([202, { kind: "snapshot.create", args: ["web", {}] }]);
  expect(await asked("POST", at, { name: "x", expires: 60 })).toEqual([
    202,
    { kind: "snapshot.create", args: ["web", { name: "x", expires: 60 }] },
  ]);
  expect(await refused("POST", at, { expires: -1 })).toEqual([400, "BAD_VALUE"]);
  expect(await refused("POST", at, { nmae: "x" })).toEqual([400, "USAGE"]);
});

test("restore, rename, delete and copy reach the engine", async () => {
  expect(await asked("POST", `${at}/a/restore`, { force: true })).toEqual([
    202,
    { kind: "snapshot.restore", args: ["web", "a", { force: true }] },
  ]);
  expect(await asked("DELETE", `${at}/a`)).toEqual([202, { kind: "snapshot.delete", args: ["web", ["a"]] }]);
  expect(await (await api.ask("PATCH", `${at}/a`, { name: "z" })).json()).toMatchObject({ name: "z" });
  const [, copied] = await asked("POST", "/v1/containers/web/copy", { to: "web2", snapshot: "a" });
  expect(copied).toEqual({ kind: "container.copy", args: ["web/a", "web2", {}] });
});

test("a schedule is set and taken away", async () => {
  const path = "/v1/containers/web/snapshot-schedule";
  expect(await asked("PUT", path, { every: 3600, keep: 24 })).toEqual([
    200,
    { kind: "snapshots.schedule", args: ["web", { every: 3600, keep: 24 }] },
  ]);
  expect(await asked("DELETE", path)).toEqual([204, { kind: "snapshots.schedule", args: ["web", null] }]);
  expect(await refused("PUT", path, { every: 3600, keep: 1.5 })).toEqual([400, "BAD_VALUE"]);
});

test("exports and imports are streams", async () => {
  const answer = await api.ask("GET", "/v1/containers/web/export?since=a&thin=true");
  expect([answer.headers.get("content-type"), await answer.text()]).toEqual([
    "application/octet-stream",
    "export",
  ]);
  const body = new Uint8Array(3_000_000);
  const record = await api.ask("POST", "/v1/containers/import?name=new&force=true&wait=5", undefined, {
    body,
  });
  expect(await record.json()).toMatchObject({ kind: "container.import", result: body.length });
  expect(api.engine.asked.at(-1)?.args).toEqual([{ name: "new", force: true }]);
});

test("an image is made of a container", async () => {
  expect(await asked("POST", "/v1/images/publish", { from: "web/a", alias: "team/web" })).toEqual([
    202,
    { kind: "image.publish", args: [{ from: "web/a", alias: "team/web" }] },
  ]);
  expect(await refused("POST", "/v1/images/publish", { from: "web" })).toEqual([400, "USAGE"]);
});
