/** The same promises of control groups, on every dialect this machine has and on the groups in memory. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { type Cgroups, openCgroups } from "../../src/host/cgroup/index.ts";
import { asWarrenError } from "../../src/spec/errors.ts";
import { fakeCgroups } from "../helpers/cgroup-fake.ts";
import { makeGroup } from "../helpers/cgroup-real.ts";
import { requires } from "../helpers/requires.ts";

const TOP = `warren-test-${process.pid}`;
const GROUP = `${TOP}/one`;

const detailsOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error) => asWarrenError(error).details,
  );

function promises(open: () => Cgroups, make: (cgroups: Cgroups, group: string) => void) {
  let cgroups: Cgroups;
  const [limit, other] = ["pids.max", "pids"];
  beforeAll(() => {
    cgroups = open();
    for (const group of [TOP, GROUP, `${GROUP}/guest`, `${GROUP}/guest/deep`]) make(cgroups, group);
  });
  afterAll(() => cgroups.remove(TOP));

  test("reads what it wrote, without the newline", async () => {
    await cgroups.write(GROUP, other, limit, "77");
    expect(cgroups.read(GROUP, other, limit)).toBe("77");
    await cgroups.write(GROUP, other, limit, "max");
    expect(cgroups.read(GROUP, other, limit)).toBe("max");
  });
  test("has no file and no group that the kernel hasn't, and makes none", async () => {
    expect(cgroups.read(GROUP, other, "pids.nothing")).toBe(null);
    expect(cgroups.read(`${TOP}/nobody`, other, limit)).toBe(null);
    expect(await detailsOf(cgroups.write(GROUP, other, "pids.nothing", "1"))).toMatchObject({
      errno: "ENOENT",
    });
    expect(cgroups.read(GROUP, other, "pids.nothing")).toBe(null);
    expect([cgroups.exists(GROUP, other), cgroups.exists(`${TOP}/nobody`, other)]).toEqual([true, false]);
  });
  test("an error carries what was done, where and with which value", async () => {
    expect(await detailsOf(cgroups.write(`${TOP}/nobody`, other, limit, "5"))).toMatchObject({
      op: "write",
      value: "5",
      errno: "ENOENT",
      path: expect.stringContaining("nobody/pids.max"),
    });
  });
  test("lists groups below, parents first", () => {
    expect(cgroups.below(GROUP, other)).toEqual(["guest", "guest/deep"]);
    expect(cgroups.below(`${TOP}/nobody`, other)).toEqual([]);
  });
  test("has a neighbour with the controller", () => {
    const beside = cgroups.neighbour(other);
    expect(beside).toBeString();
    expect(cgroups.read(beside ?? "", other, limit)).toBeString();
  });
  test("moves nobody when it expects moves", async () => {
    const before = readFileSync("/proc/self/cgroup", "latin1");
    for (let i = 0; i < 3; i++) cgroups.expectMoves();
    await Bun.sleep(100);
    expect(readFileSync("/proc/self/cgroup", "latin1")).toBe(before);
    expect(cgroups.processes(TOP)).toEqual([]);
  });
  test("nobody is in a new group", () => {
    expect(cgroups.processes(GROUP)).toEqual([]);
    expect(cgroups.frozen(GROUP)).toBe(false);
  });
  test("offers the controllers that the levels need", () => {
    for (const name of ["memory", "cpu", "cpuset", "pids"]) expect(cgroups.controllers).toContain(name);
  });
}

describe.each(["v1", "v2"] as const)("in memory, %s", (dialect) => {
  promises(
    () => fakeCgroups(dialect),
    (cgroups, group) => (cgroups as ReturnType<typeof fakeCgroups>).make(group),
  );
});

for (const dialect of ["v1", "v2"] as const)
  requires("root", `cgroup-${dialect}`).describe(`the kernel's, ${dialect}`, () => {
    promises(
      () => openCgroups(),
      (cgroups, group) => makeGroup(cgroups, group),
    );
    test("a file of another file system is never written", async () => {
      const cgroups = openCgroups();
      const dots = `${TOP}/${"../".repeat(8)}proc/sys/kernel`;
      expect(await detailsOf(cgroups.write(dots, "pids", "pid_max", "4194304"))).toMatchObject({
        errno: "no control group",
      });
    });
    test("a group whose name is no text is removed with the rest", async () => {
      const cgroups = openCgroups();
      makeGroup(cgroups, `${GROUP}/x\xff\xfe`);
      expect(cgroups.below(GROUP, "pids")).toContain("x\xff\xfe");
      await cgroups.remove(`${GROUP}/x\xff\xfe`);
      expect(cgroups.below(GROUP, "pids")).not.toContain("x\xff\xfe");
    });
  });

test("a host without control groups is told so", () => {
  mkdirSync(`/tmp/${TOP}`);
  expect(() => openCgroups({ root: `/tmp/${TOP}` })).toThrow("no control groups are mounted");
  rmdirSync(`/tmp/${TOP}`);
});
