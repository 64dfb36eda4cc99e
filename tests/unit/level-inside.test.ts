import { describe, expect, test } from "bun:test";
import { tellAtStart, tellInside } from "../../src/engine/level-inside.ts";
import { INSIDE } from "../../src/spec/levels/inside.ts";
import { fakeCgroups } from "../helpers/cgroup-fake.ts";

describe("what is written to the guest's group", () => {
  test.each([
    [
      "v1",
      "50000",
      ["-1", "100000", "0"],
      ["cpu.cfs_period_us 1000000", "cpu.cfs_quota_us 500000", "cpu.cfs_burst_us 500000"],
    ],
    [
      "v1",
      "150000",
      ["500000", "1000000", "500000"],
      ["cpu.cfs_burst_us 0", "cpu.cfs_quota_us 1500000", "cpu.cfs_burst_us 1500000"],
    ],
    // A change of the level drops the guest's quota and leaves its burst.
    [
      "v1",
      "20000",
      ["-1", "1000000", "500000"],
      ["cpu.cfs_burst_us 0", "cpu.cfs_quota_us 200000", "cpu.cfs_burst_us 200000"],
    ],
    ["v1", "50000", ["500000", "1000000", "500000"], []],
    ["v1", "-1", ["500000", "1000000", "500000"], ["cpu.cfs_quota_us -1"]],
    ["v1", "-1", ["-1", "100000", "0"], []],
    // As an older daemon or a start without the hook's lines may leave it.
    [
      "v1",
      "50000",
      ["20000", "100000", "0"],
      [
        "cpu.cfs_quota_us -1",
        "cpu.cfs_period_us 1000000",
        "cpu.cfs_quota_us 500000",
        "cpu.cfs_burst_us 500000",
      ],
    ],
    ["v1", "50000", [null, null, null], []],
    ["v1", "50000", ["-1", "1000000", null], ["cpu.cfs_quota_us 500000"]],
    ["v2", "50000 100000", ["max 100000", "0"], ["cpu.max 500000 1000000", "cpu.max.burst 500000"]],
    [
      "v2",
      "20000 100000",
      ["500000 1000000", "500000"],
      ["cpu.max.burst 0", "cpu.max 200000 1000000", "cpu.max.burst 200000"],
    ],
    ["v2", "50000 100000", ["500000 1000000", "500000"], []],
    ["v2", "50000 100000", ["500000 1000000", null], []],
    ["v2", "max 100000", ["500000 1000000", "500000"], ["cpu.max max"]],
    ["v2", "max 100000", ["max 1000000", "500000"], []],
    ["v2", "50000 100000", [null, null], []],
  ] as const)("%s: %s above %p", (dialect, outer, inner, expected) => {
    expect(INSIDE[dialect].writes(outer, inner).map(({ file, text }) => `${file} ${text}`)).toEqual([
      ...expected,
    ]);
  });
});

describe.each(["v1", "v2"] as const)("on %s", (dialect) => {
  const [file, half, one] = {
    v1: ["cpu.cfs_quota_us", "50000", "100000"],
    v2: ["cpu.max", "50000 100000", "100000 100000"],
  }[dialect] as [string, string, string];
  const rig = () => {
    const cgroups = fakeCgroups(dialect);
    for (const group of ["warren", "warren/web", "warren/web/guest"]) cgroups.make(group);
    return cgroups;
  };
  const inner = (cgroups: ReturnType<typeof rig>) => cgroups.read("warren/web/guest", "cpu", file);

  test("the guest's group follows, and a second time nothing is written", async () => {
    const cgroups = rig();
    await cgroups.write("warren/web", "cpu", file, half);
    await tellInside(cgroups, "warren/web");
    expect(inner(cgroups)).toStartWith("500000");
    const count = cgroups.writes.length;
    await tellInside(cgroups, "warren/web");
    expect(cgroups.writes).toHaveLength(count);
    await cgroups.write("warren/web", "cpu", file, one);
    await tellInside(cgroups, "warren/web");
    expect(inner(cgroups)).toStartWith("1000000");
  });

  test("a group that is gone, or that refuses, disturbs nobody", async () => {
    const cgroups = rig();
    await tellInside(cgroups, "warren/nobody");
    await cgroups.write("warren/web", "cpu", file, half);
    cgroups.before = (path) => {
      if (path.includes("/guest/")) throw new Error("no");
    };
    await tellInside(cgroups, "warren/web");
    expect(inner(cgroups)).not.toStartWith("500000");
  });

  test("the hook is given lines only for a limit", () => {
    const cgroups = { ...rig(), path: (...parts: string[]) => parts.join("/") };
    const value = { controller: "cpu", file, value: half, nested: false };
    expect(tellAtStart(cgroups, "warren/web", [])).toEqual([]);
    const lines = tellAtStart(cgroups, "warren/web", [value]);
    expect(lines.at(-2)).toStartWith(`tell warren/web/guest/cpu/${file} 500000`);
    expect(lines.at(-1)).toMatch(/burst\w* 500000$/);
  });
});
