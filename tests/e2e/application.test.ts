/** Application images out of a registry: run under the small init, as whom and with what they say, until they end. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import type { Entry } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { ociArchive, ociImage, registry, type Served } from "../helpers/oci.ts";
import { requires } from "../helpers/requires.ts";

const HOST = ["root", "lxc", "nft", "iproute2", "busybox", "overlay", "idmap", "tar"] as const;
const { describe, missing } = requires(...HOST);
const MINUTES = 120_000;
const fetching = requires(...HOST, "skopeo");

/** A program that says what it was given, then waits; on SIGQUIT it says so and ends with 3. */
const TELL = `#!/bin/sh
echo "args:$*"
echo "id:$(id -u):$(id -g):$(id -G)"
echo "env:$GREETING:$HOME:$HOSTNAME"
echo "at:$(pwd)"
trap 'echo asked to end; exit 3' QUIT
(sleep 0.1 &)
while :; do sleep 0.1; done
`;

const base = (): Entry[] => [
  { name: "bin", type: "directory" },
  { name: "bin/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 },
  ...["sh", "id", "sleep", "pwd", "httpd", "cat", "tr", "grep"].map(
    (name): Entry => ({ name: `bin/${name}`, type: "symlink", target: "busybox" }),
  ),
  { name: "etc", type: "directory" },
  { name: "etc/passwd", data: "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/srv:/bin/sh\n" },
  { name: "etc/group", data: "root:x:0:\nweb:x:44:\nmore:x:55:web\n" },
  { name: "www", type: "directory" },
  { name: "www/index.html", data: "the lower layer" },
];

describe("applications", async () => {
  const { test } = await import("bun:test");
  let d: TestDaemon;
  let from: Served;
  const logs = async (name: string) => (await d.ok("logs", name)).replaceAll("\r", "");
  const said = (name: string, text: string) =>
    until(`${name} says ${text}`, async () => (await logs(name)).includes(text));
  const ended = (name: string) =>
    until(`${name} ended`, async () => ["stopped", "error"].includes((await d.json("info", name)).state));

  beforeAll(async () => {
    if (missing !== null) return;
    const page: Entry[] = [
      { name: "www", type: "directory" },
      { name: "www/.wh.index.html", data: "" },
      { name: "www/hello.html", data: "hello from the upper layer" },
    ];
    const images = {
      web: ociImage([base(), page], { Entrypoint: ["httpd", "-f"], Cmd: ["-p", "80", "-h", "/www"] }),
      tell: ociImage([base(), [{ name: "bin/tell", data: TELL, mode: 0o755 }]], {
        Entrypoint: ["tell"],
        Cmd: ["a", 'it\'s "one" $word'],
        Env: ["GREETING=it's me; $HOME"],
        User: "web",
        WorkingDir: "/srv/deep",
        StopSignal: "SIGQUIT",
      }),
      // Neither shell nor accounts, run as a number.
      bare: ociImage([[{ name: "opt/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 }]], {
        Entrypoint: ["busybox", "sleep"],
        Cmd: ["10000"],
        Env: ["PATH=/opt", "A=of the image", "B=of the image"],
        User: "1001",
        WorkingDir: "/work",
      }),
    };
    from = registry({ "app:web": images.web });
    d = await testDaemon(false);
    mkdirSync(d.instance.etc, { recursive: true });
    const config = { registries: { insecure: [from.host] } };
    await Bun.write(`${d.instance.etc}/config.json`, JSON.stringify(config));
    await d.start();
    for (const [name, image] of Object.entries(images)) {
      const { code, stderr } = await d.warren(["image", "import", "--alias", name, "-"], ociArchive(image));
      expect([code, stderr]).toEqual([0, expect.any(String)]);
    }
  }, MINUTES);
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
    from?.[Symbol.dispose]();
  });

  fetching.test("launch fetches an image out of a registry", async () => {
    const image = `docker:${from.host}/app:web`;
    await d.ok("launch", image, "fetched");
    expect(await d.json("info", "fetched")).toMatchObject({ init: "app", image });
    await d.ok("delete", "--force", "fetched");
  });

  test("the program answers on the container's address", async () => {
    await d.ok("launch", "web", "web");
    const { addresses } = await d.json("info", "web");
    const ask = (path: string) => fetch(`http://${addresses[0]}/${path}`);
    const answer = await until("it answers", () => ask("hello.html").catch(() => null));
    expect(await answer.text()).toBe("hello from the upper layer");
    expect((await ask("index.html")).status).toBe(404);
    expect(await d.sh("web", "cat /proc/1/comm")).toBe("busybox");
    await d.ok("stop", "web");
    expect(await d.json("info", "web")).toMatchObject({ state: "stopped", failure: null });
    await d.ok("delete", "web");
  });

  test("user, groups, environment, directory, words and stop signal are the image's", async () => {
    await d.ok("launch", "tell", "tell");
    await said("tell", "at:");
    const lines = (await logs("tell")).split("\n");
    expect(lines).toContain(`args:a it's "one" $word`);
    expect(lines).toContain("id:33:44:44 55");
    expect(lines).toContain("env:it's me; $HOME:/srv:tell");
    // The process that its parent left behind was taken up.
    expect(await d.sh("tell", "cat /proc/[0-9]*/stat | grep -c ' Z ' || true")).toBe("0");
    await d.ok("stop", "tell");
    expect(await logs("tell")).toContain("asked to end");
    expect((await d.json("info", "tell")).state).toBe("stopped");
    await d.ok("start", "tell");
    await said("tell", "at:");
    await d.ok("delete", "--force", "tell");
  });

  test("other words and variables at launch; the program's end is the container's, its code told", async () => {
    await d.ok("launch", "tell", "mine", "-e", "GREETING=you", "--", "b", "c");
    await said("mine", "args:b c");
    expect(await logs("mine")).toContain("env:you:/srv:mine");
    // Its shell is the one that was given these words.
    await d.sh(
      "mine",
      'cd /proc; for p in [0-9]*; do case "$(cat $p/cmdline | tr "\\0" " ")" in *"tell b c "*) kill -QUIT $p ;; esac; done',
    );
    await ended("mine");
    expect(await d.json("info", "mine")).toMatchObject({
      state: "error",
      failure: "its program ended with 3",
    });
    await d.ok("delete", "mine");
  });

  test("one that ends at once was launched all the same, and its log tells why it ended", async () => {
    await d.ok("launch", "web", "bad", "--", "-x", "y");
    await ended("bad");
    expect(await d.json("info", "bad")).toMatchObject({
      state: "error",
      failure: "its program ended with 1",
    });
    expect(await logs("bad")).toContain("invalid option");
    await d.ok("launch", "tell", "none", "--", "b");
    await d.ok("delete", "--force", "bad", "none");
  });

  test("commands in it get the image's environment, directory and user, unless told otherwise", async () => {
    await d.ok("launch", "tell", "tell", "-e", "MORE=of the launch");
    const look = 'echo "$(id -u):$(id -g):$(id -G) $(pwd) $GREETING $MORE $HOSTNAME $HOME"';
    expect(await d.sh("tell", look)).toBe("33:44:44 55 /srv/deep it's me; $HOME of the launch tell /srv");
    const other = ["-u", "root", "-w", "/etc", "-e", "MORE=mine"];
    expect(await d.ok("exec", "-T", "-n", ...other, "tell", "--", "sh", "-c", look)).toBe(
      "0:0:0 /etc it's me; $HOME mine tell /root\n",
    );
    await d.ok("delete", "--force", "tell");
  });

  test("of an image without shell and accounts too, run as a number", async () => {
    await d.ok("launch", "bare", "bare", "-e", "B=of the launch");
    const run = (...args: string[]) => d.warren(["exec", "-n", "bare", ...args]);
    const { stdout } = await run("--", "busybox", "env");
    for (const line of ["A=of the image", "B=of the launch", "PATH=/opt", "HOSTNAME=bare"])
      expect(stdout.split("\n")).toContain(line);
    for (const terminal of ["-t", "-T"]) {
      const said = async (...words: string[]) =>
        (await run(terminal, "--", "busybox", ...words)).stdout.trim();
      expect(await said("pwd")).toBe("/work");
      expect([await said("id", "-u"), await said("id", "-g")]).toEqual(["1001", "0"]);
    }
    expect((await run("-u", "0", "--", "busybox", "id", "-u")).stdout).toBe("0\n");
    const missing = await run("--", "ls");
    expect([missing.code, missing.stderr]).toEqual([127, expect.stringContaining("ls: not found")]);
    const status = (await run("-u", "0", "--", "busybox", "cat", "/proc/1/task/1/children")).stdout.trim();
    const [pid] = status.split(" ");
    expect((await run("-u", "0", "--", "busybox", "stat", "-c", "%u %g", `/proc/${pid}`)).stdout).toBe(
      "1001 0\n",
    );
    await d.ok("delete", "--force", "bare");
  });

  test(
    "words, environment and user go along: snapshot, restore, copy, export, another host, image",
    async () => {
      await using there = await testDaemon();
      const file = `${d.dir}/kept.tar.zst`;
      /** What the program says of itself when it is begun anew, and what a command sees. */
      const portrait = async (on: TestDaemon, name: string, words: string, greeting: string) => {
        await on.ok("start", name);
        const lines = [`args:${words}`, "id:33:44:44 55", `env:${greeting}:/srv:${name}`, "at:/srv/deep"];
        await until(`${name} says it all`, async () => {
          const text = (await on.ok("logs", name)).replaceAll("\r", "").split("\n");
          return lines.every((line) => text.includes(line));
        });
        expect(await on.sh(name, 'echo "$(id -u):$(id -g):$(id -G) $(pwd) $GREETING"')).toBe(
          `33:44:44 55 /srv/deep ${greeting}`,
        );
        const seen = await on.sh(name, "cat /srv/deep/state");
        await on.ok("stop", name);
        return seen;
      };
      await d.ok("launch", "tell", "kept", "-e", "GREETING=you", "--", "b", "two words");
      await d.ok("exec", "-T", "-n", "-u", "root", "kept", "--", "sh", "-c", "echo then > /srv/deep/state");
      await d.ok("snapshot", "create", "kept", "then");
      await d.ok("exec", "-T", "-n", "-u", "root", "kept", "--", "sh", "-c", "echo now > /srv/deep/state");
      await d.ok("stop", "kept");
      await d.ok("copy", "kept", "whole");
      await d.ok("copy", "kept/then", "old");
      await d.ok("export", "kept", file, "--snapshots");
      const words = ["b two words", "you"] as const;
      expect(await portrait(d, "kept", ...words)).toBe("now");
      expect(await portrait(d, "whole", ...words)).toBe("now");
      expect(await portrait(d, "old", ...words)).toBe("then");
      await there.ok("import", file, "brought");
      expect(await portrait(there, "brought", ...words)).toBe("now");
      await there.ok("snapshot", "restore", "brought", "then");
      expect(await portrait(there, "brought", ...words)).toBe("then");
      await d.ok("snapshot", "restore", "kept", "then");
      expect(await portrait(d, "kept", ...words)).toBe("then");
      // An image has what its own says, not what one launch said.
      await d.ok("image", "publish", "kept", "made");
      await d.ok("create", "made", "child");
      expect(await portrait(d, "child", `a it's "one" $word`, "it's me; $HOME")).toBe("then");
      await d.ok("delete", "kept", "whole", "old", "child");
      await there.ok("delete", "brought");
    },
    MINUTES,
  );

  test("a system takes no words", async () => {
    const { code, stderr } = await d.warren(["launch", "busybox", "sys", "--", "x"]);
    expect([code, stderr]).toEqual([5, expect.stringContaining("not an application")]);
  });

  test("nothing of it is left on the host", async () => {
    expect(await d.strays()).toEqual([]);
  });
});
