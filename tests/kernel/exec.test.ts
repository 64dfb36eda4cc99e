/** Commands and consoles in a real container: pipes, terminals, signals, ids, ends. */
import { afterAll, beforeAll, expect } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Wired, wire } from "../../src/daemon/wire.ts";
import type { ExecRequest, ExecSession } from "../../src/engine/index.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import type { OperationRecord } from "../../src/spec/operation.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires("root", "lxc", "busybox", "nft", "iproute2", "overlay", "idmap");
const NAME = "exec-test";
const encode = (text: string) => new TextEncoder().encode(text);
const text = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

let dir: string;
let host: Wired;

async function done(record: OperationRecord): Promise<OperationRecord> {
  const ended = await host.engine.operations.wait(record.id, 60_000);
  if (ended.state !== "done") throw new Error(`${ended.kind}: ${ended.error?.message}`);
  return ended;
}

beforeAll(async () => {
  if (missing !== null) return;
  dir = mkdtempSync(join(tmpdir(), "warren-exec-"));
  chmodSync(dir, 0o711);
  const instance = instanceOf(dir);
  for (const each of [instance.state, instance.run]) mkdirSync(each, { recursive: true, mode: 0o711 });
  host = await wire(instance, () => undefined);
  const { images, containers } = host.engine;
  await done(images.build({ recipe: "busybox" }));
  await done(containers.create({ name: NAME, image: "busybox", levels: {}, start: true, waitBoot: false }));
}, 60_000);

afterAll(async () => {
  if (missing !== null) return;
  await done(host.engine.containers.delete(NAME, { force: true }));
  await host.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

const open = (command: string[], request: Omit<ExecRequest, "command"> = {}): Promise<ExecSession> =>
  host.engine.exec.exec(NAME, { command, ...request });

async function run(command: string[], request: Omit<ExecRequest, "command"> = {}, input?: string) {
  const it = await open(command, { ...request, stdin: input !== undefined });
  if (input !== undefined) {
    await it.write(encode(input));
    it.closeStdin();
  }
  const [out, err, code] = await Promise.all([text(it.stdout), it.stderr ? text(it.stderr) : "", it.exited]);
  return { out, err, code };
}
const sh = (script: string, request?: Omit<ExecRequest, "command">, input?: string) =>
  run(["sh", "-c", script], request, input);

test("both outputs, the input and the code are the command's", async () => {
  expect(await sh("cat; echo err >&2; exit 7", {}, "in")).toEqual({ out: "in", err: "err\n", code: 7 });
});

test("the pipes can be opened by name, also by another user", async () => {
  const script = "echo o >/dev/stdout; echo e >/dev/stderr; cat /dev/stdin";
  expect(await sh(script, {}, "i")).toEqual({ out: "o\ni", err: "e\n", code: 0 });
  expect(await sh(script, { user: "1234:5" }, "i")).toEqual({ out: "o\ni", err: "e\n", code: 0 });
});

test("codes that LXC uses for itself are the command's when the command ended with them", async () => {
  for (const code of [1, 2, 125, 126, 127, 255]) expect((await sh(`exit ${code}`)).code).toBe(code);
  expect((await sh("kill -9 $$")).code).toBe(137);
});

test("a command that is not there is 127, one that can't be run 126, each with one line", async () => {
  const absent = { out: "", err: `warren: ${NAME}: nope: no such file or directory\n`, code: 127 };
  expect(await run(["nope"])).toEqual(absent);
  expect(await run(["/etc/passwd"])).toEqual({
    ...absent,
    err: expect.stringContaining("denied"),
    code: 126,
  });
  expect((await run(["nope"], { tty: true })).out).toBe(
    `warren: ${NAME}: nope: no such file or directory\r\n`,
  );
});

test("nothing of the host gets in: environment, descriptors, groups", async () => {
  const { out } = await run(["env"], { env: { MINE: "a=b\nc" } });
  const keys = out.split("\n").flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
  expect(keys.filter((key) => key !== "SHLVL" && key !== "PWD").sort()).toEqual(
    ["HOME", "LANG", "MINE", "PATH", "USER", "container"].sort(),
  );
  expect(out).toContain("MINE=a=b\nc");
  expect((await sh("ls /proc/$$/fd; true")).out).toBe("0\n1\n2\n");
  expect((await sh("grep ^Groups: /proc/self/status")).out.trim()).toBe("Groups:");
});

test("user and directory", async () => {
  expect((await sh("id -u; id -g; pwd", { user: "1000:1001", cwd: "/etc" })).out).toBe("1000\n1001\n/etc\n");
  expect((await sh("pwd", { cwd: "~" })).out).toBe("/root\n");
  expect(await run(["pwd"], { cwd: "/nope" })).toMatchObject({ out: "", code: 125 });
  await expect(open(["id"], { user: "nobody-here" })).rejects.toThrow("no user");
});

test("a terminal has its size, its owner, and no doubled line ends", async () => {
  const script = "while [ ! -O $(tty) ]; do sleep 0.01; done; stty size; echo by-name >$(tty); exit 3";
  expect(await sh(script, { tty: true, columns: 99, rows: 33 })).toEqual({
    out: "33 99\r\nby-name\r\n",
    err: "",
    code: 3,
  });
});

test("a terminal loses nothing at the end", async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\r\n`).join("");
  for (let i = 0; i < 3; i++) expect((await sh("seq 1 20000", { tty: true })).out).toBe(lines);
});

test("what is typed before the terminal is ready is not lost, and Ctrl-D ends it", async () => {
  const it = await open(["cat"], { tty: true });
  await it.write(encode("typed early\n"));
  it.closeStdin();
  expect([await text(it.stdout), await it.exited]).toEqual(["typed early\r\ntyped early\r\n", 0]);
});

/** Reads until `mark` was seen, and gives the rest of the stream. */
async function after(it: ExecSession, mark: string) {
  const reader = it.stdout.getReader();
  let seen = "";
  const until = async (text: string): Promise<void> => {
    while (!seen.includes(text)) seen += new TextDecoder().decode((await reader.read()).value);
  };
  await until(mark);
  return {
    until,
    async rest() {
      for (let next = await reader.read(); !next.done; next = await reader.read())
        seen += new TextDecoder().decode(next.value);
      return seen;
    },
    cancel: () => reader.cancel(),
  };
}

const LOOP = "echo ready; while :; do sleep 0.02; done";

test("a new size and Ctrl-C reach the command on a terminal", async () => {
  const it = await open(["sh", "-c", `trap 'stty size' WINCH; trap 'exit 5' INT; ${LOOP}`], { tty: true });
  const { until, rest } = await after(it, "ready");
  it.resize(120, 50);
  await until("50 120");
  await it.write(new Uint8Array([3]));
  await rest();
  expect(await it.exited).toBe(5);
});

test("a signal reaches the command, also one sent before it began", async () => {
  for (const early of [true, false]) {
    const it = await open(["sh", "-c", early ? LOOP : `trap 'exit 6' TERM; ${LOOP}`]);
    await it.stderr!.cancel();
    if (early) it.signal("SIGTERM");
    const reading = early ? null : await after(it, "ready");
    if (!early) it.signal("SIGTERM");
    await (reading ? reading.rest() : text(it.stdout));
    expect(await it.exited).toBe(early ? 143 : 6);
  }
  const it = await open(["true"]);
  expect(() => it.signal("SIGNOPE")).toThrow("is not a signal");
  await Promise.all([text(it.stdout), text(it.stderr!), it.exited]);
});

test("a client that goes away takes its command along", async () => {
  for (const tty of [true, false]) {
    const it = await open(["sh", "-c", "echo ready; exec sleep 4321"], { tty });
    const { cancel } = await after(it, "ready");
    it.hangUp();
    await Promise.all([cancel(), it.stderr?.cancel(), it.exited]);
    while ((await sh("ps -o args | grep -c '^sleep 4321'")).out.trim() !== "0") await Bun.sleep(20);
  }
});

test("100 MB go in and out unchanged", async () => {
  const it = await open(["cat"], { stdin: true });
  await it.stderr!.cancel();
  const [sent, got] = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")];
  let size = 0;
  const reading = (async () => {
    for await (const piece of it.stdout) {
      got.update(piece);
      size += piece.length;
    }
  })();
  for (let i = 0; i < 1600; i++) {
    const piece = crypto.getRandomValues(new Uint8Array(65_536));
    sent.update(piece);
    await it.write(piece);
  }
  it.closeStdin();
  await reading;
  expect([await it.exited, size, got.digest("hex")]).toEqual([0, 1600 * 65_536, sent.digest("hex")]);
}, 60_000);

test("two hundred at once, and nothing is left of them", async () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, i) => sh(`cat; echo ${i}; exit ${i % 100}`, { tty: false }, "x")),
  );
  expect(all).toEqual(Array.from({ length: 200 }, (_, i) => ({ out: `x${i}\n`, err: "", code: i % 100 })));
  const terminals = await Promise.all(Array.from({ length: 50 }, (_, i) => sh(`echo ${i}`, { tty: true })));
  expect(terminals.map(({ out }) => out)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}\r\n`));
  for (let i = 0; i < 100 && descriptors() > before + 2; i++) await Bun.sleep(20);
  expect(descriptors()).toBeLessThanOrEqual(before + 2);
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  const attached = children.filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("lxc-attach"),
  );
  expect(attached).toEqual([]);
}, 300_000);

test("the console shows what it showed lately, takes input, and lets in one at a time", async () => {
  const it = await host.engine.exec.console(NAME, { columns: 80, rows: 25 });
  await it.write(encode("\n"));
  await it.write(encode("echo con''sole\n"));
  const { cancel } = await after(it, "console\r");
  const second = await host.engine.exec.console(NAME, { columns: 80, rows: 25 });
  const refused = second.exited.then(
    () => null,
    (error) => error.code,
  );
  expect(await text(second.stdout)).not.toContain("lxc-console:");
  expect(await refused).toBe("IN_USE");
  it.hangUp();
  await Promise.all([cancel(), it.exited.catch(() => 0)]);
  const again = await host.engine.exec.console(NAME, { columns: 80, rows: 25 });
  const replay = await after(again, "console");
  again.hangUp();
  await Promise.all([replay.cancel(), again.exited.catch(() => 0)]);
});

test("a frozen or stopped container refuses at once", async () => {
  await done(host.engine.containers.freeze(NAME));
  await expect(open(["true"])).rejects.toMatchObject({ code: "FROZEN" });
  await done(host.engine.containers.thaw(NAME));
  await done(host.engine.containers.stop(NAME, { force: true }));
  await expect(open(["true"])).rejects.toMatchObject({ code: "NOT_RUNNING" });
  await expect(host.engine.exec.exec("nope", { command: ["true"] })).rejects.toMatchObject({
    code: "NO_CONTAINER",
  });
});
