/** Exit codes and error lines of the real program: no daemon, one that breaks off, one that talks nonsense. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { ERRORS, type ErrorCode } from "../../src/spec/errors.ts";
import { instanceDir, MAIN, warren } from "../helpers/cli.ts";

let place: ReturnType<typeof instanceDir>;
let stop: () => Promise<void> = async () => undefined;

beforeEach(() => {
  place = instanceDir();
});
afterEach(async () => {
  await stop();
  stop = async () => undefined;
  place.remove();
});

/** A daemon that answers as told. */
function daemon(fetch: (request: Request, url: URL) => Response | Promise<Response>): void {
  const server = Bun.serve({
    unix: `${place.dir}/run/warren.sock`,
    fetch: (request) => fetch(request, new URL(request.url)),
  });
  stop = () => server.stop(true);
}

const operation = (state: string, more = {}): Record<string, unknown> => ({
  id: "op1",
  kind: "container.stop",
  targets: ["web"],
  state,
  progress: { step: "halt", done: 1, total: 2, unit: "steps" },
  created: "",
  updated: "",
  ...more,
});

describe("without a daemon", () => {
  test("the exit code is 75 and one line says how to start it", async () => {
    for (const args of [
      ["list"],
      ["exec", "web", "true"],
      ["version"],
      ["daemon", "status"],
      ["start", "web"],
    ]) {
      const { code, stdout, stderr } = await warren(place.dir, args);
      expect({ args, code, stdout }).toEqual({ args, code: 75, stdout: "" });
      expect(stderr).toBe(
        `warren: no daemon listens on ${place.dir}/run/warren.sock; start it with \`warren daemon\` or \`npm start\`\n`,
      );
    }
  });
  test("-o json gives the error as an object, before and after the command", async () => {
    for (const args of [
      ["-o", "json", "list"],
      ["list", "-o", "json"],
    ]) {
      const { code, stderr } = await warren(place.dir, args);
      expect(code).toBe(75);
      expect(JSON.parse(stderr)).toMatchObject({ code: "UNREACHABLE", details: {} });
    }
  });
  test("what needs none works", async () => {
    expect((await warren(place.dir, ["--version"])).stdout).toMatch(/^warren \d+\.\d+\.\d+\n$/);
    for (const args of [
      ["help", "image"],
      ["image", "--help"],
    ])
      expect((await warren(place.dir, args)).stdout).toContain("image build");
    expect((await warren(place.dir, ["image", "build", "-h"])).stdout).toStartWith(
      "usage: warren image build ",
    );
    expect(await warren(place.dir, [])).toMatchObject({ code: 2, stdout: "" });
    expect(await warren(place.dir, ["daemon", "stop"])).toMatchObject({
      code: 0,
      stdout: "the daemon does not run\n",
    });
  });
});

describe("a command line that is not understood", () => {
  test.each([
    [["lunch"], 'warren: there is no command "lunch"; did you mean "launch"\n'],
    [["image"], /^warren: "image" needs a second word; one of list, /],
    [["stop", "--frce"], "warren: there is no option --frce; see `warren help stop`\n"],
    [["stop"], "warren: NAME is missing; give names or --all\n"],
    [["stop", "a", "--all"], "warren: --all and names are given; give one of them\n"],
    [["exec", "web"], "warren: CMD is missing; see `warren help exec`\n"],
    [["exec", "web", "-e", "X", "true"], 'warren: "X" is not a variable; write it as KEY=VALUE\n'],
    [["list", "-o", "xml"], /only table, json, yaml, csv/],
    [
      ["file", "pull", "web"],
      'warren: "web" is not a file in a container; write it as NAME/PATH, web/etc/hosts\n',
    ],
  ])("%p ends with 2", async (args, says) => {
    const { code, stderr } = await warren(place.dir, args);
    expect(stderr).toMatch(says instanceof RegExp ? says : new RegExp(`^${RegExp.escape(says)}$`));
    expect(code).toBe(2);
  });
  test.each(["", ".", ".."])("%p is never sent as a name: it would lead to another address", async (name) => {
    let asked = 0;
    daemon(() => {
      asked++;
      return Response.json({});
    });
    for (const args of [
      ["delete", name],
      ["snapshot", "delete", "web", name],
      ["profile", "delete", name],
      ["operation", "cancel", name],
      ["boot", name, "1"],
      ["copy", name, "b"],
    ]) {
      const { code, stderr } = await warren(place.dir, args);
      expect({ args, code, stderr }).toEqual({
        args,
        code: 2,
        stderr: `warren: "${name}" is not a name; give the name of something that is there\n`,
      });
    }
    expect(asked).toBe(0);
  });
  test("another host is refused, not ignored", async () => {
    expect((await warren(place.dir, ["--remote", "far", "list"])).code).toBe(5);
  });
  test.each(["here", "/a:b", "/a b", `/${"long".repeat(30)}`])("WARREN_DIR %p is refused", async (dir) => {
    const { code, stderr } = await warren(dir, ["list"]);
    expect(code).toBe(2);
    expect(stderr).toStartWith(`warren: WARREN_DIR "${dir}" `);
  });
});

describe("the daemon's errors", () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])("%s ends with its exit code", async (code) => {
    const body = { code, message: "no\x1b[2J", fix: "do" };
    daemon(() => Response.json(body, { status: ERRORS[code].status }));
    expect(await warren(place.dir, ["info", "web"])).toEqual({
      code: ERRORS[code].exit,
      stdout: "",
      stderr: "warren: no?[2J; do\n",
    });
  });

  test("exec ends with 125 for all that is Warren's", async () => {
    daemon(() => Response.json({ code: "NO_CONTAINER", message: "none", fix: "" }, { status: 404 }));
    expect(await warren(place.dir, ["exec", "web", "true"])).toMatchObject({
      code: 125,
      stderr: "warren: none\n",
    });
  });

  test("several names: one line for each failure, 6 when some were done", async () => {
    daemon((_request, { pathname }) =>
      pathname.includes("/bad")
        ? Response.json({ code: "NO_CONTAINER", message: "no container bad", fix: "" }, { status: 404 })
        : Response.json(operation("done")),
    );
    expect(await warren(place.dir, ["stop", "good", "bad"])).toEqual({
      code: 6,
      stdout: "good stopped\n",
      stderr: "warren: no container bad\n",
    });
    expect((await warren(place.dir, ["stop", "bad"])).code).toBe(3);
    expect((await warren(place.dir, ["stop", "bad", "bad2"])).code).toBe(3);
    const json = await warren(place.dir, ["stop", "good", "good2", "-o", "json"]);
    expect(JSON.parse(json.stdout)).toHaveLength(2);
  });

  test("--all asks for what it makes sense for, and is fine without any", async () => {
    const asked: string[] = [];
    daemon((request, { pathname }) => {
      if (request.method === "GET")
        return Response.json({
          items: ["running", "stopped", "frozen"].map((state) => ({ name: `is-${state}`, state })),
          next: null,
        });
      asked.push(pathname);
      return Response.json(operation("done"));
    });
    expect((await warren(place.dir, ["thaw", "--all"])).code).toBe(0);
    expect((await warren(place.dir, ["start", "--all"])).code).toBe(0);
    expect(asked).toEqual(["/v1/containers/is-frozen/thaw", "/v1/containers/is-stopped/start"]);
    await stop();
    daemon(() => Response.json({ items: [], next: null }));
    expect(await warren(place.dir, ["delete", "--all"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("pages are followed to the last", async () => {
    daemon((_request, { searchParams }) => {
      const page = Number(searchParams.get("cursor") ?? 0);
      return Response.json({ items: [{ name: `c${page}` }], next: page < 2 ? String(page + 1) : null });
    });
    const { stdout } = await warren(place.dir, ["list", "-o", "json"]);
    expect(JSON.parse(stdout)).toEqual([{ name: "c0" }, { name: "c1" }, { name: "c2" }]);
  });
});

describe("work that takes long", () => {
  test("is waited for; steps are lines; its error is the command's", async () => {
    let asked = 0;
    daemon((_request, { pathname }) => {
      if (!pathname.endsWith("/wait")) return Response.json(operation("running"), { status: 202 });
      asked++;
      if (asked < 3) return Response.json(operation("running"), { status: 202 });
      return Response.json(
        operation("failed", { error: { code: "TIMEOUT", message: "init stays", fix: "--force" } }),
      );
    });
    expect(await warren(place.dir, ["stop", "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "halt\nwarren: init stays; --force\n",
    });
    expect(asked).toBe(3);
  });

  test("Ctrl-C cancels it", async () => {
    let cancelled = false;
    let waiting = (): void => undefined;
    const begun = new Promise<void>((next) => (waiting = next));
    daemon(async (request, { pathname }) => {
      if (request.method === "DELETE") {
        cancelled = true;
        return Response.json(operation("running"), { status: 202 });
      }
      if (!pathname.endsWith("/wait")) return Response.json(operation("running"), { status: 202 });
      waiting();
      while (!cancelled) await Bun.sleep(5);
      return Response.json(operation("cancelled"));
    });
    const { MAIN } = await import("../helpers/cli.ts");
    const child = Bun.spawn({
      cmd: [process.execPath, MAIN, "stop", "web"],
      env: { WARREN_DIR: place.dir },
      stdin: "ignore",
      stderr: "pipe",
    });
    await begun;
    child.kill("SIGINT");
    expect(await child.exited).toBe(1);
    expect(cancelled).toBe(true);
    expect(await child.stderr.text()).toContain("container.stop web was cancelled");
  }, 20_000);
});

describe("a daemon that fails", () => {
  /** Answers with these bytes and closes. */
  function raw(answer: string): void {
    const server = Bun.listen({
      unix: `${place.dir}/run/warren.sock`,
      socket: { data: (socket) => void socket.end(answer) },
    });
    stop = async () => server.stop(true);
  }
  test.each([
    ["nothing", "", 75],
    ["no HTTP", "garbage\r\n\r\n", 75],
    ["half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", 75],
    ["no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", 70],
    ["an error without a reason", "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", 70],
  ])("%s", async (_what, answer, code) => {
    raw(answer);
    const ended = await warren(place.dir, ["list"]);
    expect(ended.stderr).toMatch(/^warren: [^\n]+\n$/);
    expect(ended.code).toBe(code);
  });

  test("exec: breaking off in the middle ends with 125, after what came before", async () => {
    const server = Bun.serve({
      unix: `${place.dir}/run/warren.sock`,
      fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("", { status: 404 })),
      websocket: {
        message(ws) {
          ws.send(JSON.stringify({ type: "started" }));
          ws.send(new Uint8Array([1, 104, 105]));
          ws.close();
        },
      },
    });
    stop = () => server.stop(true);
    const ended = await warren(place.dir, ["exec", "web", "true"]);
    expect(ended).toMatchObject({ code: 125, stdout: "hi" });
    expect(ended.stderr).toContain("went away while the command ran");
  });

  test("exec: frames that are no JSON are told", async () => {
    const server = Bun.serve({
      unix: `${place.dir}/run/warren.sock`,
      fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("", { status: 404 })),
      websocket: { message: (ws) => void ws.send("nonsense") },
    });
    stop = () => server.stop(true);
    const ended = await warren(place.dir, ["exec", "web", "true"]);
    expect(ended.code).toBe(125);
    expect(ended.stderr).toContain("not JSON");
  });
});

describe("files of this host", () => {
  const at = (name: string): string => `${place.dir}/${name}`;

  beforeEach(async () => {
    mkdirSync(at("tree"));
    await Bun.write(at("empty"), "");
    await Bun.write(at("large"), "a".repeat(2_000_000));
    daemon(() => new Response("an archive"));
  });

  test.each([
    [["image", "import", "tree"], 2, "is a directory; name a file"],
    [["image", "import", "empty"], 2, "is empty; name the file that was written"],
    [["import", "nosuch"], 3, "on this host; check the path"],
    [["profile", "import", "tree"], 2, "is a directory; name a file"],
    [["profile", "import", "large"], 2, "has more than 64KiB; name the right file"],
    [["launch", "a", "b", "--user-data", "tree"], 2, "is a directory; name a file"],
    [["launch", "a", "b", "--user-data", "large"], 2, "has more than 1MiB; name the right file"],
    [
      ["launch", "a", "b", "--ssh-key", "empty"],
      2,
      "has no public key; name a file like ~/.ssh/id_ed25519.pub",
    ],
    [
      ["launch", "a", "b", "--ssh-key", "/dev/null"],
      2,
      "has no public key; name a file like ~/.ssh/id_ed25519.pub",
    ],
    [["launch", "a", "b", "--user-data", "/dev/zero"], 2, "has more than 1MiB; name the right file"],
    [["export", "web", "tree"], 2, "is a directory; name a file"],
    [["export", "web", "empty"], 4, "is there already; give --force to replace it"],
    [["export", "web", "nosuch/file"], 3, "nosuch on this host; check the path"],
    [["image", "export", "web", "tree"], 2, "is a directory; name a file"],
  ])("%p ends with %d", async (args, exit, says) => {
    const words = args.map((word) => (/^(tree|empty|large|nosuch)/.test(word) ? at(word) : word));
    const { code, stderr } = await warren(place.dir, words);
    expect(stderr).toEndWith(`${says}\n`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(exit);
  });
  test("a pipe is read and written as what it is, never replaced", async () => {
    expect(Bun.spawnSync(["mkfifo", at("pipe")]).exitCode).toBe(0);
    const reader = Bun.spawn(["cat", at("pipe")], { stdout: "pipe" });
    expect(await warren(place.dir, ["export", "web", at("pipe")])).toMatchObject({ code: 0, stderr: "" });
    expect(await reader.stdout.text()).toBe("an archive");
    expect(statSync(at("pipe")).isFIFO()).toBe(true);
    expect(readdirSync(place.dir).sort()).toEqual(["empty", "large", "pipe", "run", "tree"]);
  });
  test("Ctrl-C in the middle leaves nothing behind", async () => {
    await stop();
    const endless = new ReadableStream({
      pull: async (controller) => {
        await Bun.sleep(1);
        controller.enqueue(new Uint8Array(10));
      },
    });
    daemon(() => new Response(endless));
    const run = Bun.spawn([process.execPath, MAIN, "export", "web", at("half")], {
      env: { PATH: "", WARREN_DIR: place.dir },
    });
    while (!readdirSync(place.dir).some((name) => name.startsWith("half.partial"))) await Bun.sleep(5);
    const [partial = ""] = readdirSync(place.dir).filter((name) => name.startsWith("half.partial"));
    expect(statSync(at(partial)).mode & 0o777).toBe(0o600);
    run.kill("SIGINT");
    expect(await run.exited).toBe(130);
    expect(readdirSync(place.dir).filter((name) => name.startsWith("half"))).toEqual([]);
  });
});

test("an answer that can't be written is told as such, in one line", async () => {
  daemon(() => Response.json({ items: [], next: null }));
  const full = Bun.spawn([process.execPath, MAIN, "list"], {
    env: { PATH: "", WARREN_DIR: place.dir },
    stdout: Bun.file("/dev/full"),
    stderr: "pipe",
  });
  expect(await full.stderr.text()).toMatch(
    /^warren: the answer can't be written: [^\n]*; the command itself has run\n$/,
  );
  expect(await full.exited).toBe(1);
});

test("a console that is refused is not said to be connected", async () => {
  daemon(() =>
    Response.json({ code: "NO_CONTAINER", message: 'there is no container "web"', fix: "" }, { status: 404 }),
  );
  const { code, stderr } = await warren(place.dir, ["console", "web"]);
  expect([code, stderr]).toEqual([125, 'warren: there is no container "web"\n']);
});
