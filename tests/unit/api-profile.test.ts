/** Profiles and the host's shares over HTTP, over a fake engine. */
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
const last = () => api.engine.asked.at(-1);

test("those that come with Warren keep their order, the others follow by name, in pages too", async () => {
  const names = async (query: string) => {
    const { items, next } = (await (await api.ask("GET", `/v1/profiles${query}`)).json()) as {
      items: { name: string }[];
      next: string | null;
    };
    return [items.map(({ name }) => name), next] as const;
  };
  expect((await names(""))[0]).toEqual(["small", "large", "also", "mine"]);
  const [first, next] = await names("?limit=2");
  expect(first).toEqual(["small", "large"]);
  expect((await names(`?limit=2&cursor=${next}`))[0]).toEqual(["also", "mine"]);
});

test("a profile's version is its ETag, and If-Match reaches the engine", async () => {
  expect((await api.ask("GET", "/v1/profiles/mine")).headers.get("etag")).toBe('"3"');
  const headers = { "content-type": "application/json", "if-match": '"3"' };
  await api.ask("PATCH", "/v1/profiles/mine", undefined, { body: '{"unset":["pids.limit"]}', headers });
  expect(last()).toEqual({ kind: "profiles.change", args: ["mine", { unset: ["pids.limit"] }, 3] });
  expect(await refused("GET", "/v1/profiles/none")).toEqual([404, "NO_PROFILE"]);
});

test("a deleted one answers nothing", async () => {
  const { status } = await api.ask("DELETE", "/v1/profiles/mine");
  expect([status, last()]).toEqual([204, { kind: "profiles.delete", args: ["mine"] }]);
});

test("applying is an operation; what isn't said is the careful side", async () => {
  const answer = await api.ask("POST", "/v1/profiles/mine/apply", { containers: ["web"] });
  expect(answer.status).toBe(202);
  const asked = { containers: ["web"], save: false, skipUnsupported: false, overcommit: false };
  expect(last()).toEqual({ kind: "profile.apply", args: ["mine", asked] });
});

test("what is not understood is refused before the engine sees it", async () => {
  const before = api.engine.asked.length;
  for (const [method, path, json] of [
    ["POST", "/v1/profiles/mine/apply", { containers: [] }],
    ["POST", "/v1/profiles/mine/apply", { containers: ["web"], force: true }],
    ["POST", "/v1/profiles", { levels: {} }],
    ["POST", "/v1/profiles", { name: "x", levels: { "pids.limit": 5 } }],
    ["POST", "/v1/profiles", { name: "x", description: "two\nlines" }],
    ["POST", "/v1/profiles", { name: "x", priority: 1001 }],
    ["POST", "/v1/profiles/import", { text: "x".repeat(70_000) }],
    ["PATCH", "/v1/profiles/mine", { levels: {} }],
    ["GET", "/v1/host/split?containers=0"],
    ["GET", "/v1/host/split?containers=3&oversell=0.5"],
    ["GET", "/v1/host/split"],
  ] as const)
    expect([path, (await refused(method, path, json))[0]]).toEqual([path, 400]);
  expect(api.engine.asked.length).toBe(before);
});

test("shares of the host, and what its containers hold", async () => {
  const split = (await (await api.ask("GET", "/v1/host/split?containers=3")).json()) as object;
  expect(split).toMatchObject({ containers: 3, levels: { "pids.limit": "7" } });
  const { commitment } = (await (await api.ask("GET", "/v1/host")).json()) as { commitment: object };
  expect(Object.keys(commitment)).toEqual(["memory", "swap", "cpu", "pids", "disk"]);
});
