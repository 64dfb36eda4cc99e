/** Commands in a container through the whole way: program, socket, daemon, LXC. */
import { afterAll, beforeAll, expect } from "bun:test";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires("root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap");
const HUNDRED_MB = 100 * 2 ** 20;
let d: TestDaemon;
beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon();
  await d.ok("launch", "busybox", "web");
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

const exec = (...args: string[]) => d.warren(["exec", "-T", ...args]);
const sha256 = (data: Uint8Array): string => new Bun.CryptoHasher("sha256").update(data).digest("hex");

test("the exit code is the command's, or says why there was none", async () => {
  for (const code of [0, 1, 42, 125, 255])
    expect((await exec("-n", "web", "--", "sh", "-c", `exit ${code}`)).code).toBe(code);
  expect((await exec("-n", "web", "--", "sh", "-c", "kill -TERM $$")).code).toBe(143);
  expect((await exec("-n", "web", "--", "no-such-command")).code).toBe(127);
  expect((await exec("-n", "web", "--", "/etc/passwd")).code).toBe(126);
  expect((await exec("-n", "nobody", "--", "true")).code).toBe(125);
});

test("outputs are kept apart, user, directory and variables are as told", async () => {
  const both = await exec("-n", "web", "--", "sh", "-c", "echo out; echo err >&2");
  expect(both).toEqual({ code: 0, stdout: "out\n", stderr: "err\n" });
  const told = await exec(
    "-n",
    "-u",
    "nobody",
    "-w",
    "/tmp",
    "-e",
    "A=b c",
    "web",
    "--",
    "sh",
    "-c",
    'id -u; pwd; echo "$A"',
  );
  expect(told.stdout).toBe("65534\n/tmp\nb c\n");
  expect((await exec("-n", "-u", "12:34", "web", "--", "sh", "-c", "id -u; id -g")).stdout).toBe("12\n34\n");
});

test("100 MB go in and come out as they were", async () => {
  const data = new Uint8Array(HUNDRED_MB);
  for (let at = 0; at < data.length; at += 65_536) crypto.getRandomValues(data.subarray(at, at + 65_536));
  const input = `${d.dir}/input`;
  await Bun.write(input, data);
  const sum = await d.warren(
    ["exec", "-T", "web", "--", "sh", "-c", "tee /root/copy | sha256sum"],
    Bun.file(input),
  );
  expect(sum.stdout.split(" ")[0]).toBe(sha256(data));
  const out = d.spawn(["exec", "-T", "-n", "web", "--", "cat", "/root/copy"]);
  expect(sha256(new Uint8Array(await new Response(out.stdout).arrayBuffer()))).toBe(sha256(data));
  expect(await out.exited).toBe(0);
}, 60_000);

test("the end of the input reaches the command, and a signal to the program does", async () => {
  expect(await d.warren(["exec", "-T", "web", "--", "wc", "-c"], "12345")).toMatchObject({
    code: 0,
    stdout: "5\n",
  });
  const sleeping = d.spawn([
    "exec",
    "-T",
    "web",
    "--",
    "sh",
    "-c",
    "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done",
  ]);
  let said = "";
  const reading = (async () => {
    for await (const chunk of sleeping.stdout) said += new TextDecoder().decode(chunk);
  })();
  await until("it is ready", () => said.includes("ready"));
  sleeping.kill("SIGINT");
  expect(await sleeping.exited).toBe(9);
  await reading;
  expect(said).toContain("caught");
});

test("sixty programs at once, each with its own answer, and nothing of them is left", async () => {
  const before = (await d.json("info", "web")).processes;
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => exec("-n", "web", "--", "echo", `number ${i}`)),
  );
  expect(answers.map(({ stdout }) => stdout)).toEqual(answers.map((_, i) => `number ${i}\n`));
  await until("its processes are gone", async () => (await d.json("info", "web")).processes <= before);
}, 60_000);

test("a terminal has the size of ours, follows it, shows bytes as they are, and Ctrl-C is a signal", async () => {
  let shown = "";
  const script = [
    "trap 'stty size' WINCH",
    "trap 'echo caught; exit 7' INT",
    "tty; stty size; stty -opost; printf 'down\\ndown'; stty opost; echo ready",
    "while :; do sleep 0.1; done",
  ].join("; ");
  const child = Bun.spawn(
    [`${import.meta.dir}/../../bin/warren`, "exec", "-t", "web", "--", "sh", "-c", script],
    {
      env: { PATH: "/usr/bin:/bin", WARREN_DIR: d.dir, TERM: "xterm" },
      terminal: {
        cols: 91,
        rows: 33,
        data(_, bytes) {
          shown += new TextDecoder().decode(bytes);
        },
      },
    },
  );
  const terminal = child.terminal;
  if (!terminal) throw new Error("no terminal");
  const sees = (text: string) =>
    until(`${text} in ${JSON.stringify(shown)}`, () => shown.includes(text), 10_000);
  await sees("ready");
  expect(shown).toMatch(/^\/dev\/pts\/\d+\r\n33 91\r\ndown\ndownready\r\n$/);
  terminal.resize(120, 40);
  await sees("40 120");
  terminal.write("\x03");
  await sees("caught");
  expect(await child.exited).toBe(7);
  terminal.close();
}, 30_000);

test("logs -f shows what the console says, as it says it", async () => {
  const following = d.spawn(["logs", "-f", "web"]);
  let shown = "";
  const reading = (async () => {
    for await (const chunk of following.stdout) shown += new TextDecoder().decode(chunk);
  })();
  for (const word of ["first", "second"]) {
    await d.sh("web", `echo the ${word} line > /dev/console`);
    await until(`the ${word} line`, () => shown.includes(`the ${word} line`), 10_000);
  }
  await d.ok("delete", "-y", "--force", "web");
  await reading;
  expect(await following.exited).toBe(0);
}, 30_000);
