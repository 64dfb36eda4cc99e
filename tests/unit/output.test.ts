/** What a process writes and reads through us, over processes of this host. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { isListening } from "../../src/api/socket.ts";
import { withhold } from "../../src/engine/withhold.ts";
import { start } from "../../src/host/exec/start.ts";

const sh = (script: string, stdin = false) => start(["/bin/sh", "-c", script], { stdin });
const text = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();
const descriptors = () => readdirSync("/proc/self/fd").length;

test("output, errors and code of a process; the pipes can be opened by name", async () => {
  const it = sh("echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin; exit 3", true);
  await it.input.write(new TextEncoder().encode("in"));
  it.input.close();
  const all = await Promise.all([text(it.stdout), text(it.stderr!), it.exited]);
  expect(all).toEqual(["out\nin", "err\n", 3]);
});

test("a terminal that is left before its process took note is not touched any more", async () => {
  const deaf = ["/bin/sh", "-c", "trap : HUP; sleep 0.1; sleep 0.1"];
  const it = start(deaf, { terminal: { columns: 80, rows: 24 }, stdin: true });
  await Bun.sleep(20);
  await it.stdout.cancel();
  it.resize(10, 10);
  await it.input.write(new TextEncoder().encode("into nothing"));
  expect(await it.exited).toBe(0);
});

test("a process that is not read from halts; one that is left dies of it", async () => {
  const it = start(["/usr/bin/yes"], { stdin: false });
  const reader = it.stdout.getReader();
  await reader.read();
  const wrote = () => Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${it.pid}/io`, "utf8"))![1]);
  let before = -1;
  while (before !== wrote()) {
    before = wrote();
    await Bun.sleep(30);
  }
  expect(before).toBeLessThan(1 << 20);
  await reader.cancel();
  await it.stderr!.cancel();
  expect(await it.exited).toBe(128 + 13);
});

test("a background child that holds the pipe does not hold the end", async () => {
  const it = sh("sleep 60 & echo $!");
  const [pid, , code] = await Promise.all([text(it.stdout), text(it.stderr!), it.exited]);
  process.kill(Number(pid), "SIGKILL");
  expect(code).toBe(0);
});

test("nothing of a long output is lost at the end, pipe or terminal", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `${i + 1}\n`).join("");
  const it = sh("seq 1 30000");
  await it.stderr!.cancel();
  expect(await text(it.stdout)).toBe(lines);
});

test("writing to a process that is gone ends quietly, and no descriptor stays", async () => {
  const before = descriptors();
  for (let i = 0; i < 20; i++) {
    const it = sh("exit 0", true);
    await Promise.all([text(it.stdout), text(it.stderr!), it.exited]);
    await it.input.write(new Uint8Array(1 << 18));
    it.input.close();
  }
  await Bun.sleep(20);
  expect(descriptors()).toBeLessThanOrEqual(before + 2);
});

test("a tool that is not there is UNSUPPORTED and leaks nothing", () => {
  const before = descriptors();
  expect(() => start(["/nope"], { stdin: true })).toThrow(/could not be started/);
  expect(descriptors()).toBe(before);
});

const pieces = (...all: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const each of all) controller.enqueue(new TextEncoder().encode(each));
      controller.close();
    },
  });
const kept = Promise.resolve({ replaceBy: null });
const replaced = Promise.resolve({ replaceBy: "ours" });

test("a tool's complaint is replaced, a command's own words never", async () => {
  expect(await text(withhold(pieces("tool: ", "web: bad"), "tool: web: ", replaced))).toBe("ours");
  expect(await text(withhold(pieces("too", "l: web: bad"), "tool: web: ", kept))).toBe("tool: web: bad");
  expect(await text(withhold(pieces("hello", " there"), "tool: web: ", kept))).toBe("hello there");
  expect(await text(withhold(pieces("to"), "tool: web: ", kept))).toBe("to");
});

test("a socket that is served is told from one left behind", () => {
  const table =
    "Num       RefCount Protocol Flags    Type St Inode Path\n" +
    "0000: 00000002 00000000 00010000 0001 01 1 /run/a.sock\n0000: 00000003 00000000 00000000 0001 03 2 /run/b.sock\n";
  expect(isListening("/run/a.sock", table)).toBe(true);
  expect(isListening("/run/b.sock", table)).toBe(false);
  expect(isListening("/a.sock", table)).toBe(false);
});
