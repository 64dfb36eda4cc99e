/** `warren top` in a real terminal: what it shows, what its keys do, and the terminal afterwards. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires("root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap");
const WARREN = `${import.meta.dir}/../../bin/warren`;
/** Back to the first screen, with the cursor and line wrap. */
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
let d: TestDaemon;
beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon();
  await d.ok("launch", "busybox", "big", "--set", "memory.limit=256M", "--set", "pids.limit=50");
  await d.ok("launch", "busybox", "small");
  await d.sh("big", "dd if=/dev/zero of=/root/file bs=1M count=40 2>/dev/null");
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

/** A person at a terminal that runs `stty -g`, then top, then `stty -g` again. */
function person(columns = 80, rows = 24, args = "") {
  let shown = "";
  const script = `stty -g; '${WARREN}' top ${args}; echo "code $?"; stty -g; echo over`;
  const child = Bun.spawn(["sh", "-c", script], {
    env: { PATH: "/usr/bin:/bin", WARREN_DIR: d.dir, TERM: "xterm" },
    terminal: {
      cols: columns,
      rows,
      data(_, bytes) {
        shown += new TextDecoder().decode(bytes);
      },
    },
  });
  const terminal = child.terminal!;
  /** The frame that was drawn last, as lines without colours. */
  const screen = (): string[] => {
    const frame = shown.split("\x1b[?2026h\x1b[H").at(-1)?.split("\x1b[J\x1b[?2026l")[0] ?? "";
    return frame.replace(/\x1b\[[\d;?]*[A-Za-z]/g, "").split("\r\n");
  };
  const line = (start: string): string => screen().find((each) => each.startsWith(start)) ?? "";
  return {
    terminal,
    screen,
    line,
    all: () => shown,
    /** Process id of top, the shell's only child. */
    pid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim()),
    type: (keys: string) => terminal.write(keys),
    sees: (what: string, holds: () => boolean) => until(`${what} in ${screen().join("\n")}`, holds, 20_000),
    /** The terminal's settings are those of before, and the first screen is back; gives top's exit code. */
    async restored(): Promise<number> {
      await until("its end", () => /over\r\n$/.test(shown), 20_000);
      await child.exited;
      terminal.close();
      const settings = shown.match(/^[\da-f]+(?::[\da-f]+){10,}$/gm) ?? [];
      expect(settings).toHaveLength(2);
      expect(settings[1]).toBe(settings[0]!);
      const [, after] = shown.split(LEAVE);
      expect(after).toBeDefined();
      expect(after).not.toContain("\x1b[?1049h");
      return Number(/code (\d+)/.exec(after!)?.[1]);
    },
  };
}
type Person = ReturnType<typeof person>;
const order = (p: Person): string =>
  p
    .screen()
    .flatMap((each) => /^(big|small) +(?:running|frozen) /.exec(each)?.[1] ?? [])
    .join(" ");

test("shows what containers hold, sorts, filters, follows the window", async () => {
  const p = person();
  await p.sees("both containers", () => order(p) !== "");
  expect(p.screen()[0]).toContain("2 containers, 2 running");
  expect(Math.max(...p.screen().map((each) => each.length))).toBeLessThanOrEqual(80);
  p.type("m");
  await p.sees("the order", () => p.screen()[0]!.includes("by memory"));
  expect(order(p)).toBe("big small");
  expect(p.line("big ")).toMatch(/^big +running +[\d.]+ +4\d\.\dM/);
  p.type("r");
  await p.sees("the smaller first", () => order(p) === "small big");
  p.type("/bi\r");
  await p.sees("only one", () => order(p) === "big");
  // An escape on its own: what follows within one write would be read with it.
  p.type("\x1b");
  await p.sees("both again", () => order(p) === "small big");
  expect(p.screen().join()).not.toContain("LIMIT");
  p.terminal.resize(140, 30);
  await p.sees("more columns", () => p.screen().join().includes("LIMIT"));
  expect(p.line("big ")).toContain(" 256M ");
  p.type("?");
  await p.sees("the help", () => p.screen()[0] === "keys of warren top");
  p.type("x");
  await p.sees("the table", () => order(p) !== "");
  p.type("q");
  expect(await p.restored()).toBe(0);
}, 60_000);

test("freezes, changes levels now or for good, and tells why not", async () => {
  const p = person();
  p.type("/big\r");
  await p.sees("the container", () => order(p) === "big");
  p.type("z");
  await p.sees("it is frozen", () => p.screen().some((each) => /^big +frozen/.test(each)));
  expect(await d.json("info", "big")).toMatchObject({ state: "frozen" });
  p.type("z");
  await p.sees("it runs on", () => p.screen().some((each) => /^big +running/.test(each)));
  p.type("e");
  await p.sees("the prompt", () => p.line("set big KEY=VALUE").endsWith("_"));
  p.type("pids.l\t77\r");
  await p.sees("it is set", () => p.line("big: pids.limit=77").includes("in force now"));
  expect(await d.json("get", "big", "pids.limit")).toMatchObject({
    "pids.limit": { effective: 77, saved: 50 },
  });
  p.type("S");
  await p.sees("the prompt", () => p.line("set and save big").endsWith("_"));
  p.type("pids.limit=88 cpu.weight=300\r");
  await p.sees("it is saved", () => p.screen().some((each) => each.includes("saved")));
  expect(await d.json("get", "big")).toMatchObject({
    "pids.limit": { effective: 88, saved: 88 },
    "cpu.weight": { effective: 300, saved: 300 },
  });
  p.type("epids.limit=few\r");
  await p.sees("why not", () => p.line("pids.limit=few").includes("is not a count"));
  expect(await d.json("get", "big", "pids.limit")).toMatchObject({ "pids.limit": { effective: 88 } });
  p.type("\x03");
  expect(await p.restored()).toBe(0);
}, 60_000);

test("gives the terminal back when it is ended from outside", async () => {
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const) {
    const p = person();
    await p.sees("both containers", () => order(p) !== "");
    process.kill(p.pid(), signal);
    expect(await p.restored()).toBe(code);
  }
}, 60_000);

test("gives the terminal back when the daemon goes, and says so there", async () => {
  const p = person();
  await p.sees("both containers", () => order(p) !== "");
  await d.kill();
  expect(await p.restored()).toBe(75);
  expect(p.all().split(LEAVE)[1]).toContain("no daemon listens on");
  await d.start();
}, 60_000);

test("prints tables for scripts", async () => {
  const [table = "", ...more] = (await d.ok("top", "-n", "2", "-d", "0.2", "big")).split("\n\n");
  expect(table).toMatch(/^NAME +STATE/);
  expect(more).toHaveLength(1);
  const arrays = (await d.ok("top", "-b", "-n", "2", "-d", "0.2", "-s", "name", "-o", "json"))
    .trim()
    .split("\n")
    .map((each) => JSON.parse(each));
  expect(arrays).toMatchObject([
    [{ name: "big", memoryLimit: 256 * 2 ** 20 }, { name: "small" }],
    [{ name: "big", rates: { cpu: expect.any(Number) } }, { name: "small" }],
  ]);
  const csv = await d.ok("top", "-n", "2", "-d", "0.2", "-o", "csv", "big");
  expect(csv.split("\r\n").map((each) => each.split(",").length)).toEqual([16, 16, 16, 1]);
}, 60_000);

test("counts CPU time, bytes and pressure as they come", async () => {
  const before = (await d.json("top", "-n", "1", "big"))[0];
  await d.sh(
    "big",
    "dd if=/dev/zero of=/root/more bs=1M count=8 conv=fsync 2>/dev/null; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done",
  );
  await d.sh(
    "big",
    "ping -c 3 -i 0.2 -s 1000 -W 2 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') >/dev/null || :",
  );
  const after = (await d.json("top", "-n", "1", "big"))[0];
  expect(after.cpu - before.cpu).toBeGreaterThan(0.02);
  expect(after.ioWrite - before.ioWrite).toBeGreaterThanOrEqual(8 * 2 ** 20);
  expect(after.netOut - before.netOut).toBeGreaterThanOrEqual(3000);
  expect(after.pressure).toEqual({
    cpu: expect.any(Number),
    memory: expect.any(Number),
    io: expect.any(Number),
  });
}, 60_000);

test("the nearest level and failures are those of the one that refuses", async () => {
  await d.ok("set", "small", "pids.limit=6");
  await d.warren([
    "exec",
    "-T",
    "-n",
    "small",
    "--",
    "sh",
    "-c",
    "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait",
  ]);
  const { usage } = await d.json("info", "small");
  expect(usage.nearest.key).toBe("pids.limit");
  expect(usage.fail).toBeGreaterThan(0);
}, 60_000);

test("a level that was just changed is shown as it is now", async () => {
  const limit = async (): Promise<number> =>
    JSON.parse(await d.ok("top", "-b", "-n", "1", "-o", "json", "small"))[0].memoryLimit;
  for (const mib of [64, 96, 80]) {
    await d.ok("set", "small", `memory.limit=${mib}M`);
    expect(await limit()).toBe(mib * 2 ** 20);
  }
});
