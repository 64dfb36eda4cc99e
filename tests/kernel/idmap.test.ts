/** User namespaces for idmapped mounts: made when asked for, and begun ahead. */
import { afterEach, expect } from "bun:test";
import { type IdShift, keepShifts, type Shifts, shiftTo } from "../../src/host/idmap/index.ts";
import { eventually } from "../helpers/cgroup-real.ts";
import { childrenWith } from "../helpers/children.ts";
import { requires } from "../helpers/requires.ts";

const BASE = 900_000_000;
const { describe, test } = requires("root", "idmap");

/** The namespace's map of users, as a process in it reads it. */
function mapOf({ fd }: IdShift): string[] {
  const argv = ["nsenter", `--user=/proc/${process.pid}/fd/${fd}`, "cat", "/proc/self/uid_map"];
  return Bun.spawnSync(argv).stdout.toString().trim().split(/\s+/);
}
const wanted = (base: number): string[] => ["0", `${base}`, "65536", "65536", "0", "1"];

/** Our children that wait with a namespace. */
const waiting = () => childrenWith("cat");

describe("shifts", () => {
  let shifts: Shifts | undefined;
  afterEach(async () => {
    shifts?.stop();
    // One that is still ending would pass for the next test's.
    await eventually("nothing waits any more", () => waiting().length === 0);
  });

  test("one that is made when asked for maps the range and leaves no process", async () => {
    const shift = await shiftTo(BASE);
    expect(mapOf(shift)).toEqual(wanted(BASE));
    shift.close();
    await eventually("its process is gone", () => waiting().length === 0);
  });

  test("each has a range of its own, whether begun ahead or not", async () => {
    shifts = keepShifts();
    await eventually("one was begun ahead", () => waiting().length === 1);
    const made = await Promise.all([0, 1, 2].map((i) => shifts!.to(BASE + i * 65_536)));
    expect(made.map(mapOf)).toEqual([0, 1, 2].map((i) => wanted(BASE + i * 65_536)));
    for (const shift of made) shift.close();
    await eventually("the next was begun ahead", () => waiting().length === 1);
  });

  test("one begun ahead whose process was killed is not used", async () => {
    shifts = keepShifts();
    await eventually("one was begun ahead", () => waiting().length === 1);
    process.kill(waiting()[0]!, "SIGKILL");
    await eventually("it is gone", () => waiting().length === 0);
    const shift = await shifts.to(BASE);
    expect(mapOf(shift)).toEqual(wanted(BASE));
    shift.close();
  });

  test("nothing waits any more after the end", async () => {
    shifts = keepShifts();
    await eventually("one was begun ahead", () => waiting().length === 1);
    shifts.stop();
    await eventually("its process is gone", () => waiting().length === 0);
  });
});
