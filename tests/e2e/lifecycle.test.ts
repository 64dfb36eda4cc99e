/** Containers from launch to delete through the program, with the built-in image. */
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { describe, test, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
);
let d: TestDaemon;
beforeAll(async () => {
  if (missing === null) d = await testDaemon();
});
afterAll(() => d?.[Symbol.asyncDispose]());

/** How the container that ended last did so. */
const lastEnd = async () => {
  const events = (await d.ok("events", "-o", "json"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return events.findLast((event) => event.type === "container-stopped").details;
};
const state = async (name: string): Promise<string> => (await d.json("info", name)).state;
/** Code and the one line of a command that must fail. */
async function refusal(...args: string[]): Promise<[number, string]> {
  const { code, stdout, stderr } = await d.warren(args);
  expect(stdout).toBe("");
  // What takes its time has told its progress before.
  const [error = "", ...before] = stderr.trimEnd().split("\n").reverse();
  expect(error).toStartWith("warren: ");
  expect(before.filter((line) => line.startsWith("warren: "))).toEqual([]);
  return [code, error.slice("warren: ".length)];
}
/** No container, and nothing of one on the host. */
async function expectNothing(): Promise<void> {
  expect(await d.json("list")).toEqual([]);
  expect(
    await until("the trash is emptied", async () => (await d.strays()).every((it) => !it.includes("trash"))),
  ).toBe(true);
  expect(await d.strays()).toEqual([]);
}

describe("the life of a container", () => {
  test("launch: init runs in an id range of its own, with name, hosts, resolver and limits of its own", async () => {
    await d.ok("launch", "busybox", "web", "--set", "memory.limit=64M", "--set", "pids.limit=40");
    const info = await d.json("info", "web");
    expect(info).toMatchObject({
      name: "web",
      state: "running",
      image: "busybox",
      init: "busybox",
      wanted: "running",
    });
    expect(info.idmap.size).toBe(65_536);
    expect((info.idmap.base - 1_000_000) % 65_536).toBe(0);
    expect(readFileSync(`/proc/${info.initPid}/uid_map`, "utf8").trim().split(/\s+/).map(Number)).toEqual([
      0,
      info.idmap.base,
      65_536,
    ]);
    expect(await d.sh("web", "hostname; cat /etc/hostname")).toBe("web\nweb");
    for (const address of info.addresses)
      expect(await d.sh("web", "cat /etc/hosts")).toContain(`${address}\tweb`);
    expect(await d.sh("web", "grep -c nameserver /etc/resolv.conf")).not.toBe("0");
    expect(await d.sh("web", "awk '/^MemTotal/ {print $2}' /proc/meminfo")).toBe(String(64 * 1024));
    expect(info.levels).toMatchObject({ "memory.limit": 64 * 2 ** 20, "pids.limit": 40 });
  });

  test("list and info have the shapes scripts rely on", async () => {
    const [entry] = await d.json("list", "web");
    expect(entry).toMatchObject({
      name: "web",
      state: "running",
      image: "busybox",
      addresses: [expect.stringMatching(/^10\./), expect.stringMatching(/^fd/)],
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(await d.json("info", "web")).toMatchObject({
      ...entry,
      uptime: expect.any(Number),
      processes: expect.any(Number),
      memory: expect.any(Number),
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      initPid: expect.any(Number),
      rootfs: expect.stringContaining(d.dir),
      cgroup: `warren-${d.instance.tag}/web`,
      capabilities: expect.arrayContaining(["chown", "net_admin"]),
      pending: {},
    });
    expect(await d.json("version")).toMatchObject({
      version: expect.any(String),
      api: "v1",
      lxc: expect.stringMatching(/^\d/),
      kernel: expect.any(String),
      cgroup: expect.stringMatching(/^v[12]$/),
    });
    const [image] = await d.json("image", "list");
    expect(image).toMatchObject({
      digest: expect.stringMatching(/^sha256:/),
      aliases: ["busybox"],
      containers: ["web"],
    });
    expect(Object.keys((await d.json("get", "web"))["memory.limit"]).sort()).toEqual([
      "effective",
      "pending",
      "saved",
      "wanted",
    ]);
    expect((await d.ok("list", "-o", "csv")).split("\n")[0]).toMatch(/name/i);
    expect(await d.ok("info", "web", "-o", "yaml")).toContain("name: web");
  });

  test("freeze halts it in place, thaw lets it run on, exec is refused between", async () => {
    await d.sh("web", "(while :; do echo x >> /tick; sleep 0.02; done) >/dev/null 2>&1 &");
    await d.ok("freeze", "web");
    expect(await state("web")).toBe("frozen");
    const tick = `/proc/${(await d.json("info", "web")).initPid}/root/tick`;
    const before = Bun.file(tick).size;
    await Bun.sleep(200);
    expect(Bun.file(tick).size).toBe(before);
    expect(await refusal("exec", "web", "--", "true")).toEqual([125, expect.stringContaining("frozen")]);
    expect(await refusal("freeze", "web")).toEqual([4, expect.stringContaining("frozen")]);
    await d.ok("thaw", "web");
    expect(await state("web")).toBe("running");
    await until("it runs on", () => Bun.file(tick).size > before);
    expect((await refusal("thaw", "web"))[0]).toBe(4);
  });

  test("stop ends it by its own shutdown, start brings it back with its files, restart is both", async () => {
    await d.sh(
      "web",
      "echo kept > /root/kept; printf '#!/bin/sh\\n[ $1 = stop ] && date > /root/halted\\n' > /etc/init.d/S99x; chmod +x /etc/init.d/S99x",
    );
    const { initPid } = await d.json("info", "web");
    await d.ok("stop", "web");
    expect(await state("web")).toBe("stopped");
    expect(existsSync(`/proc/${initPid}`)).toBe(false);
    expect((await d.json("info", "web")).wanted).toBe("stopped");
    await d.ok("start", "web");
    expect(await d.sh("web", "cat /root/kept; ls /root")).toBe("kept\nhalted\nkept");
    const again = (await d.json("info", "web")).initPid;
    await d.ok("restart", "web");
    expect((await d.json("info", "web")).initPid).not.toBe(again);
    expect(await d.sh("web", "cat /root/kept")).toBe("kept");
  });

  test("a frozen container can be stopped, and killed", async () => {
    await d.ok("freeze", "web");
    await d.ok("stop", "web");
    expect(await state("web")).toBe("stopped");
    await d.ok("start", "web");
    await d.ok("freeze", "web");
    await d.ok("stop", "--force", "web");
    expect(await state("web")).toBe("stopped");
    await d.ok("start", "web");
  });

  test("one that does not halt is killed after its time", async () => {
    await d.sh("web", "printf '#!/bin/sh\\nwhile [ $1 = stop ]; do sleep 1; done\\n' > /etc/init.d/S99x");
    await d.ok("stop", "-t", "1", "web");
    expect(await state("web")).toBe("stopped");
    expect(await lastEnd()).toEqual({ reason: "killed" });
  });

  test("a halt asked for right after a start is heard", async () => {
    await d.ok("create", "busybox", "brief");
    for (let round = 0; round < 2; round++) {
      await d.ok("start", "brief");
      await d.ok("stop", "brief");
      expect(await lastEnd()).toEqual({ reason: "halted" });
    }
    await d.ok("delete", "-y", "brief");
  });

  test("rename keeps the files and changes the name inside", async () => {
    await d.ok("rename", "web", "shop");
    expect((await refusal("info", "web"))[0]).toBe(3);
    await d.ok("start", "shop");
    expect(await d.sh("shop", "rm /etc/init.d/S99x; hostname; cat /etc/hostname /root/kept")).toBe(
      "shop\nshop\nkept",
    );
    expect(await refusal("rename", "shop", "web")).toEqual([4, expect.stringContaining("shop runs")]);
  });

  test("copy of one that runs: same files, own ids, addresses and name; the source runs on", async () => {
    const source = await d.json("info", "shop");
    await d.ok("copy", "shop", "twin");
    expect(await state("shop")).toBe("running");
    expect(await state("twin")).toBe("stopped");
    await d.ok("start", "twin");
    const twin = await d.json("info", "twin");
    expect(await d.sh("twin", "hostname; cat /root/kept; stat -c %u /root/kept")).toBe("twin\nkept\n0");
    expect(twin.idmap.base).not.toBe(source.idmap.base);
    expect(twin.addresses).not.toEqual(source.addresses);
    expect(twin.levels).toMatchObject({ "memory.limit": 64 * 2 ** 20, "pids.limit": 40 });
    await d.sh("twin", "echo other > /root/kept");
    expect(await d.sh("shop", "cat /root/kept")).toBe("kept");
  });

  test("several names: all done is 0, some is 6 and tells which", async () => {
    await d.ok("stop", "shop", "twin");
    await d.ok("start", "shop", "twin");
    const { code, stderr } = await d.warren(["stop", "shop", "nobody", "twin"]);
    expect(code).toBe(6);
    expect(stderr).toContain("nobody");
    expect([await state("shop"), await state("twin")]).toEqual(["stopped", "stopped"]);
    expect((await d.warren(["stop", "none", "nobody"])).code).toBe(3);
  });

  test("poweroff from within stops it, reboot from within keeps it and its limits", async () => {
    await d.ok("start", "shop");
    const { initPid } = await d.json("info", "shop");
    // Their own exit codes are not certain: init may end them before they have ended.
    await d.warren(["exec", "-T", "-n", "shop", "--", "reboot"]);
    await until("it has a new init", async () => {
      const now = (await d.json("info", "shop")).initPid;
      return now !== null && now !== initPid;
    });
    expect(await state("shop")).toBe("running");
    expect((await d.json("get", "shop", "memory.limit"))["memory.limit"].effective).toBe(64 * 2 ** 20);
    await d.warren(["exec", "-T", "-n", "shop", "--", "poweroff"]);
    await until("it stopped", async () => (await state("shop")) === "stopped");
  });

  test("delete refuses what runs, takes the rest away with all that belonged to it", async () => {
    await d.ok("start", "twin");
    expect(await refusal("delete", "-y", "twin")).toEqual([4, expect.stringContaining("twin runs")]);
    await d.ok("delete", "-y", "--force", "twin", "shop");
    await expectNothing();
  });
});

describe("what can't be done", () => {
  const wrong: [string, string[], number, RegExp][] = [
    ["a name that is none", ["launch", "busybox", "Bad_Name"], 2, /Bad_Name/],
    ["an image that is not there", ["launch", "debian/99", "x"], 3, /debian\/99/],
    [
      "a level that is not there",
      ["launch", "busybox", "x", "--set", "memory.colour=1"],
      3,
      /memory\.colour/,
    ],
    ["a unit that is none", ["launch", "busybox", "x", "--set", "memory.limit=64Q"], 2, /64Q/],
    ["a value out of range", ["launch", "busybox", "x", "--set", "pids.limit=-3"], 2, /-3/],
    ["a container that is not there", ["start", "nobody"], 3, /nobody/],
    ["to stop what is not there", ["stop", "nobody"], 3, /nobody/],
    ["to delete what is not there", ["delete", "-y", "nobody"], 3, /nobody/],
    ["to copy what is not there", ["copy", "nobody", "x"], 3, /nobody/],
    ["to rename what is not there", ["rename", "nobody", "x"], 3, /nobody/],
    ["exec in what is not there", ["exec", "nobody", "--", "true"], 125, /nobody/],
    ["a command that is none", ["lunch"], 2, /lunch/],
    ["an image that is not there to delete", ["image", "delete", "nope"], 3, /nope/],
    ["an operation that is not there", ["operation", "show", "nope"], 3, /nope/],
  ];
  for (const [title, args, code, says] of wrong)
    test(`${title}: one line, exit code ${code}, nothing left`, async () => {
      expect(await refusal(...args)).toEqual([code, expect.stringMatching(says)]);
      await expectNothing();
    });

  test("twice created, twice started, not running, an image in use", async () => {
    await d.ok("create", "busybox", "one");
    expect(await state("one")).toBe("created");
    expect(await refusal("create", "busybox", "one")).toEqual([4, expect.stringContaining('"one" exists')]);
    expect(await refusal("launch", "busybox", "one")).toEqual([4, expect.stringContaining('"one" exists')]);
    expect(await refusal("stop", "one")).toEqual([4, expect.stringContaining("one does not run")]);
    expect(await refusal("freeze", "one")).toEqual([4, expect.stringContaining("one does not run")]);
    expect(await refusal("exec", "one", "--", "true")).toEqual([
      125,
      expect.stringContaining("one does not run"),
    ]);
    expect(await refusal("image", "delete", "busybox")).toEqual([4, expect.stringContaining("one")]);
    expect(await refusal("set", "one", "memory.limit=64M")).toEqual([
      expect.any(Number),
      expect.stringContaining("save"),
    ]);
    await d.ok("start", "one");
    expect(await refusal("start", "one")).toEqual([4, expect.stringContaining("one runs")]);
    await d.ok("create", "busybox", "two");
    expect(await refusal("rename", "two", "one")).toEqual([4, expect.stringContaining('"one" exists')]);
    expect(await refusal("copy", "one", "two")).toEqual([4, expect.stringContaining('"two" exists')]);
    await d.ok("delete", "-y", "--force", "--all");
  });

  test("errors are objects with -o json", async () => {
    const { code, stderr } = await d.warren(["-o", "json", "info", "nobody"]);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({
      code: "NO_CONTAINER",
      message: expect.any(String),
      fix: expect.any(String),
    });
  });

  test("a start the kernel refuses tells what it refused and leaves nothing mounted", async () => {
    await d.ok("create", "busybox", "late");
    await d.ok("file", "push", "/bin/busybox", "late/sbin/not-init");
    await d.ok("file", "delete", "late/sbin/init");
    const [code, line] = await refusal("start", "late");
    expect(code).toBe(1);
    expect(line).toContain("late did not start");
    expect(await state("late")).toBe("error");
    expect(await d.strays()).toEqual([]);
    await d.ok("delete", "-y", "late");
  });
});

test("after delete and daemon stop the host is as it was", async () => {
  await d.ok("delete", "--all", "--force", "-y");
  await d.stop();
  expect(d.left()).toEqual([]);
  expect((await d.warren(["list"])).code).toBe(75);
});
