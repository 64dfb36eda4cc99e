/** `warren counters` over a fake engine, and the file in which it keeps what was seen last. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, memoryFile, recall, remember, seenNow } from "../../src/cli/counters/memory.ts";
import { failed, isNear } from "../../src/cli/counters/rows.ts";
import type { Counter } from "../../src/spec/counter.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import { startApi, type TestApi } from "../helpers/api.ts";
import { MAIN } from "../helpers/cli.ts";
import { counter } from "../helpers/fake-engine.ts";

const row = counter("web");
const home = mkdtempSync(join(tmpdir(), "counters-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("what is new", () => {
  const seen = seenNow([row], "t0");
  test("is the difference to what was seen", () =>
    expect(compare({ ...row, fail: 10, held: 1 }, seen)).toEqual({
      time: "t0",
      fail: 7,
      held: 1 - 512 * 1024 ** 2,
    }));
  test("is everything after a new start, and of a row never seen", () => {
    expect(compare({ ...row, fail: 4, since: "later" }, seen).fail).toBe(4);
    expect(compare({ ...row, key: "pids.limit" }, seen)).toEqual({ time: null, fail: 3, held: null });
    expect(compare({ ...row, fail: null, held: null }, seen)).toEqual({ time: "t0", fail: null, held: null });
  });
  test("is kept of containers that were not asked for", () => {
    const both = seenNow([counter("db")], "t1", seen);
    expect(Object.keys(both.rows)).toEqual(["web memory.limit", "db memory.limit"]);
  });
  test("decides what fails, where it is known", () => {
    const last = { time: "t0", fail: 0, held: 0 };
    expect([failed(row), failed({ ...row, sinceLast: last })]).toEqual([true, false]);
  });
});

test("near is nine tenths of a limit", () => {
  expect(isNear({ ...row, held: 90, limit: 100 })).toBe(true);
  expect(isNear({ ...row, held: 89, limit: 100 })).toBe(false);
  expect([isNear({ ...row, held: 0, limit: 0 }), isNear({ ...row, limit: null })]).toEqual([false, false]);
});

describe("the file", () => {
  const file = join(home, "state/warren/counters.json");
  beforeEach(() => rmSync(join(home, "state"), { recursive: true, force: true }));
  test("is in the user's state directory, one for each instance", () => {
    const instance = instanceOf(undefined);
    expect(memoryFile({ HOME: "/root" }, instance)).toBe("/root/.local/state/warren/counters.json");
    expect(memoryFile({ HOME: "/root", XDG_STATE_HOME: "/s" }, instance)).toBe("/s/warren/counters.json");
    expect(memoryFile({ HOME: "/root" }, instanceOf("/tmp/x"))).toMatch(/counters-[0-9a-z]{6}\.json$/);
    expect(() => memoryFile({}, instance)).toThrow("no place");
  });
  test("comes back as it was kept, for nobody else", async () => {
    expect(await recall(file)).toEqual({ time: "", rows: {} });
    const memory = seenNow([row], "t");
    await remember(file, memory);
    expect(await recall(file)).toEqual(memory);
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
  });
  test("is no link: one is refused when read, replaced and not followed when written", async () => {
    mkdirSync(join(home, "state/warren"), { recursive: true });
    const target = join(home, "state/target");
    writeFileSync(target, "precious");
    symlinkSync(target, file);
    await expect(recall(file)).rejects.toMatchObject({ code: "REFUSED" });
    await remember(file, seenNow([row], "t"));
    expect(readFileSync(target, "utf8")).toBe("precious");
    expect(lstatSync(file).isFile()).toBe(true);
  });
  test("with text of others is nothing seen", async () => {
    mkdirSync(join(home, "state/warren"), { recursive: true });
    for (const text of ["{", "[]", '{"time": 5}', "null"]) {
      writeFileSync(file, text);
      expect(await recall(file)).toEqual({ time: "", rows: {} });
    }
  });
});

describe("the command", () => {
  let api: TestApi;
  let dir: string;
  beforeAll(() => {
    api = startApi(["web", "db"]);
    // The fake's socket where the command looks for it.
    dir = mkdtempSync(join(tmpdir(), "counters-i-"));
    mkdirSync(join(dir, "run"));
    symlinkSync(api.socket, join(dir, "run/warren.sock"));
  });
  afterAll(async () => {
    await api.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const counters = async (args: string[], patience?: number) => {
    const child = Bun.spawn({
      cmd: [process.execPath, MAIN, "counters", ...args],
      env: { WARREN_DIR: dir, HOME: home, TZ: "UTC" },
      stdout: "pipe",
      stderr: "pipe",
      ...(patience ? { timeout: patience, killSignal: "SIGKILL" as const } : {}),
    });
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  };

  test("shows human units, of all or of those named", async () => {
    const all = await counters([]);
    expect(all.stdout.split("\n")[1]?.split(/ {2,}/)).toEqual([
      "web",
      "memory.limit",
      "512MiB",
      "600MiB",
      "1GiB",
      "3",
      "2026-01-01 00:00:09",
      "dd(7)",
    ]);
    expect(all.stdout).toContain("\ndb ");
    expect((await counters(["web"])).stdout).not.toContain("\ndb ");
    expect((await counters(["nobody"])).code).toBe(3);
  });
  test("gives scripts the contract's fields in base units", async () => {
    const rows = JSON.parse((await counters(["web", "-o", "json"])).stdout);
    expect(rows).toEqual([row]);
  });
  test("the API has them under a container too", async () => {
    const one = await api.ask("GET", "/v1/containers/web/counters");
    expect(await one.json()).toEqual([row]);
    expect((await api.ask("GET", "/v1/containers/nobody/counters")).status).toBe(404);
    const two = await api.ask("GET", "/v1/counters?container=db,web");
    expect(((await two.json()) as Counter[]).map(({ container }) => container)).toEqual(["db", "web"]);
  });
  test("--since-last tells what is new, and remembers only then", async () => {
    const first = JSON.parse((await counters(["--since-last", "-o", "json", "web"])).stdout);
    expect(first[0]).toMatchObject({ fail: 3, sinceLast: { time: null, fail: 3 } });
    const second = JSON.parse((await counters(["--since-last", "-o", "json", "web"])).stdout);
    expect(second[0]).toMatchObject({ fail: 3, sinceLast: { fail: 0, held: 0 } });
    expect((await counters(["--since-last", "-q", "--no-header", "web"])).stdout).toBe("");
    expect((await counters(["-q", "--no-header", "web"])).stdout).toContain("memory.limit");
  });
  test("-w prints again, without a terminal's codes where there is none", async () => {
    const { stdout } = await counters(["-w", "web"], 3500);
    expect(stdout.match(/^CONTAINER/gm)?.length).toBeGreaterThan(1);
    expect(stdout).not.toContain("\x1b");
  }, 10_000);
});
