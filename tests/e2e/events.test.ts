/** Events and operations, as scripts follow them, over ends and starts of the daemon. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { archive, type Entry } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
  "tar",
);

interface Event {
  seq: number;
  time: string;
  type: string;
  container?: string;
}
let d: TestDaemon;
beforeAll(async () => {
  if (missing === null) d = await testDaemon();
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

const parsed = (text: string): Event[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const events = async (since = 0) => parsed(await d.ok("events", "-o", "json", "--since", String(since)));

test("numbers go on without a gap over a stop and a kill; since gives what came after", async () => {
  await d.ok("launch", "busybox", "web");
  const first = await events();
  const last = first.at(-1)?.seq ?? 0;
  await d.stop();
  await d.start();
  await d.kill();
  await d.start();
  const all = await events();
  expect(all.map((event) => event.seq)).toEqual(all.map((_, i) => i + 1));
  expect(all.slice(0, first.length)).toEqual(first);
  expect(await events(last)).toEqual(all.slice(first.length));
  const types = all.slice(first.length).map((event) => event.type);
  expect(types).toEqual([
    "daemon-stopping",
    "container-adopted",
    "daemon-started",
    "container-adopted",
    "daemon-started",
  ]);
}, 60_000);

test("who follows sees each step as it happens, and the daemon's end", async () => {
  const last = (await events()).at(-1)?.seq ?? 0;
  const follower = d.spawn(["events", "-f", "-o", "json", "--since", String(last)]);
  let seen = "";
  const reading = (async () => {
    for await (const chunk of follower.stdout) seen += new TextDecoder().decode(chunk);
  })();
  const has = (type: string) => until(`an event ${type}`, () => seen.includes(`"${type}"`), 10_000);
  await d.ok("freeze", "web");
  await has("container-frozen");
  await d.ok("thaw", "web");
  await has("container-thawed");
  await d.ok("set", "web", "pids.limit=100");
  await has("level-changed");
  await d.ok("stop", "--force", "web");
  await has("container-stopped");
  await d.stop();
  await reading;
  await follower.exited;
  expect(seen).toContain('"daemon-stopping"');
  const got = parsed(seen);
  expect(got.map((event) => event.seq)).toEqual(got.map((_, i) => last + 1 + i));
  await d.start();
}, 60_000);

test("an operation under way when the daemon was killed is told as failed, with what to do", async () => {
  await d.ok("start", "web");
  const client = d.warren(["stop", "-t", "30", "web"]);
  await d.sh(
    "web",
    "printf '#!/bin/sh\\nwhile [ $1 = stop ]; do sleep 1; done\\n' > /etc/init.d/S99x; chmod +x /etc/init.d/S99x",
  );
  await until(
    "it is under way",
    async () => (await d.json("operation", "list", "--state", "running")).length > 0,
  );
  await d.kill();
  expect((await client).code).toBe(75);
  await d.start();
  const operation = (await d.json("operation", "list")).findLast(
    (o: { kind: string }) => o.kind === "container.stop",
  );
  expect(operation).toMatchObject({
    state: "failed",
    targets: ["web"],
    error: { message: expect.stringContaining("the daemon ended") },
  });
  expect(await d.json("operation", "show", operation.id)).toMatchObject({
    id: operation.id,
    state: "failed",
    progress: expect.anything(),
  });
  await d.ok("delete", "-y", "--force", "web");
}, 60_000);

test("waiting for a boot that never ends can be cancelled; the container runs on", async () => {
  const busybox = readFileSync("/bin/busybox");
  const directories = [
    "bin/",
    "sbin/",
    "lib/",
    "lib/systemd/",
    "etc/",
    "proc/",
    "sys/",
    "dev/",
    "tmp/",
    "root/",
  ];
  const system = archive([
    ...directories.map((name): Entry => ({ name, type: "directory" })),
    { name: "bin/busybox", data: busybox, mode: 0o755 },
    { name: "lib/systemd/systemd", data: busybox, mode: 0o755 },
    { name: "sbin/init", type: "symlink", target: "/lib/systemd/systemd" },
    { name: "bin/sh", type: "symlink", target: "/bin/busybox" },
  ]);
  await Bun.write(`${d.dir}/endless.tar`, system);
  await d.ok("image", "import", "--alias", "endless", `${d.dir}/endless.tar`);
  const client = d.warren(["launch", "endless", "slow", "--wait"]);
  const { id } = await until("it waits", async () =>
    (await d.json("operation", "list", "--state", "running")).find((o: { progress: { step: string } }) =>
      /boot/.test(o.progress.step),
    ),
  );
  await d.ok("operation", "cancel", id);
  expect((await client).code).toBe(1);
  expect((await d.json("operation", "show", id)).state).toBe("cancelled");
  expect((await d.json("info", "slow")).state).toBe("running");
  expect(await d.sh("slow", "echo alive")).toBe("alive");
  expect(await d.strays()).toEqual([]);
  await d.ok("delete", "-y", "--force", "slow");
}, 60_000);
