/** `exec` and `console` through the real program, on pipes and terminals, against the far end of the frames. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { escapeFilter } from "../../src/cli/commands/console.ts";
import { loginShell } from "../../src/cli/commands/shell.ts";
import { instanceDir, MAIN, warren } from "../helpers/cli.ts";
import { type FramesServer, serveFrames } from "../helpers/frames-server.ts";

const WINDOW = 1 << 20;
const HUNDRED_MB = 100 * 1024 * 1024;
let place: ReturnType<typeof instanceDir>;
let server: FramesServer;

beforeAll(() => {
  place = instanceDir();
  server = serveFrames(place.dir);
});
afterAll(async () => {
  await server.stop();
  place.remove();
});

describe("pipes", () => {
  test("both outputs and the exit code come through", async () => {
    const ended = await warren(place.dir, [
      "exec",
      "web",
      "--",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 7",
    ]);
    expect(ended).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  test("a command that reads to the end sees the end", async () => {
    expect(await warren(place.dir, ["exec", "web", "cat"], "a\0b\n")).toMatchObject({
      code: 0,
      stdout: "a\0b\n",
    });
    expect(await warren(place.dir, ["exec", "web", "cat"], "")).toMatchObject({ code: 0, stdout: "" });
    expect(await warren(place.dir, ["exec", "-n", "web", "cat"], "unread")).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  test("100 MB go in and out intact, in memory that has a bound", async () => {
    const file = join(place.dir, "data");
    const data = new Uint8Array(HUNDRED_MB);
    for (let at = 0; at < data.length; at += 65_536) crypto.getRandomValues(data.subarray(at, at + 65_536));
    await Bun.write(file, data);
    const child = Bun.spawn({
      cmd: [process.execPath, MAIN, "exec", "web", "cat"],
      env: { WARREN_DIR: place.dir },
      stdin: Bun.file(file),
      stdout: "pipe",
      stderr: "inherit",
    });
    const hash = new Bun.CryptoHasher("sha256");
    let seen = 0;
    let peak = Number.NaN;
    for await (const chunk of child.stdout) {
      hash.update(chunk);
      seen += chunk.length;
      if (Number.isNaN(peak) && seen > 0.9 * HUNDRED_MB) {
        const status = await Bun.file(`/proc/${child.pid}/status`).text();
        peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
      }
    }
    expect(await child.exited).toBe(0);
    expect(hash.digest("hex")).toBe(new Bun.CryptoHasher("sha256").update(data).digest("hex"));
    expect(server.mostHeld()).toBeLessThanOrEqual(WINDOW);
    expect(peak).toBeLessThan(HUNDRED_MB);
  }, 60_000);

  test("a signal reaches the command", async () => {
    const script = "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    const child = Bun.spawn({
      cmd: [process.execPath, MAIN, "exec", "web", "--", "sh", "-c", script],
      env: { WARREN_DIR: place.dir },
      stdin: "ignore",
      stdout: "pipe",
    });
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      if (text === "ready\n") child.kill("SIGTERM");
    }
    expect(text).toBe("ready\ngot\n");
    expect(await child.exited).toBe(3);
  }, 20_000);

  test("the third signal leaves a command that ignores them", async () => {
    const script = "trap 'echo no' INT; echo ready; while :; do sleep 0.05; done";
    const child = Bun.spawn({
      cmd: [process.execPath, MAIN, "exec", "web", "--", "sh", "-c", script],
      env: { WARREN_DIR: place.dir },
      stdin: "ignore",
      stdout: "pipe",
    });
    for await (const chunk of child.stdout)
      for (const _line of new TextDecoder().decode(chunk).trim().split("\n")) child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  }, 20_000);

  test("a reader that goes away ends it like SIGPIPE", async () => {
    const script = `${process.execPath} ${MAIN} exec web yes | head -c 10; exit \${PIPESTATUS[0]}`;
    const child = Bun.spawn({
      cmd: ["bash", "-c", script],
      env: { PATH: "/usr/bin:/bin", WARREN_DIR: place.dir },
    });
    expect(await child.exited).toBe(141);
  }, 20_000);
});

describe("terminals", () => {
  interface Screen {
    type(text: string): void;
    resize(columns: number, rows: number): void;
    /** Waits until the screen shows it. */
    shows(text: string): Promise<void>;
    code: Promise<number>;
    flags(): number;
  }

  function open(...args: string[]): Screen {
    let text = "";
    let changed = (): void => undefined;
    const decoder = new TextDecoder();
    const child = Bun.spawn({
      cmd: [process.execPath, MAIN, ...args],
      env: { WARREN_DIR: place.dir, TERM: "vt100", PATH: process.env.PATH ?? "" },
      terminal: {
        cols: 100,
        rows: 30,
        data(_terminal, data) {
          text += decoder.decode(data);
          changed();
        },
      },
    });
    const terminal = child.terminal!;
    return {
      type: (keys) => void terminal.write(keys),
      resize(columns, rows) {
        terminal.resize(columns, rows);
        child.kill("SIGWINCH");
      },
      async shows(wanted) {
        while (!text.includes(wanted)) await new Promise<void>((next) => (changed = next));
        text = text.slice(text.indexOf(wanted) + wanted.length);
      },
      code: child.exited,
      flags: () => terminal.localFlags,
    };
  }

  test("a command gets one when both ends are one: size, resize, Ctrl-C, exit code", async () => {
    const screen = open("exec", "web", "--", "sh");
    const before = screen.flags();
    screen.type("stty size; echo $TERM; echo re''ady\r");
    await screen.shows("30 100");
    await screen.shows("vt100");
    await screen.shows("ready");
    expect(screen.flags()).not.toBe(before);
    screen.resize(120, 40);
    screen.type("while [ \"$(stty size)\" != '40 120' ]; do sleep 0.05; done; echo resi''zed\r");
    await screen.shows("resized");
    // Said by the job itself: before that it may not be in the terminal's foreground yet.
    screen.type("sh -c \"echo sta''rt; exec sleep 60\"\r");
    await screen.shows("start");
    screen.type("\x03");
    screen.type("exit 5\r");
    expect(await screen.code).toBe(5);
    expect(screen.flags()).toBe(before);
  }, 20_000);

  test("a signal ends the command and the terminal is as it was", async () => {
    const screen = open("exec", "web", "--", "sh", "-c", "echo up; exec sleep 60");
    const before = screen.flags();
    await screen.shows("up");
    expect(screen.flags()).not.toBe(before);
    screen.type("\x1c"); // Ctrl-\ is SIGQUIT by the guest's terminal
    expect(await screen.code).toBe(131);
    expect(screen.flags()).toBe(before);
  }, 20_000);
});

test("Ctrl-a q leaves a console, also in two pieces; Ctrl-a twice is one", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const through = (...chunks: string[]): (string | null)[] => {
    const filter = escapeFilter();
    return chunks.map((chunk) => {
      const data = filter(bytes(chunk));
      return data && new TextDecoder().decode(data);
    });
  };
  expect(through("ab\x01q")).toEqual([null]);
  expect(through("a\x01", "q")).toEqual(["a", null]);
  expect(through("\x01\x01q")).toEqual(["\x01q"]);
  expect(through("\x01", "x\x01\x01")).toEqual(["", "\x01x\x01"]);
});

describe("the login shell", () => {
  const passwd = "root:x:0:0:root:/root:/bin/bash\nsys:x:3:3::/:/usr/sbin/nologin\nodd:x:9:9::/:bin/x\n";
  test.each([
    ["root", "/bin/bash"],
    ["0", "/bin/bash"],
    ["sys", "/bin/sh"],
    ["odd", "/bin/sh"],
    ["nobody", "/bin/sh"],
  ])("of %s is %s", (user, shell) => expect(loginShell(passwd, user)).toBe(shell));
});
