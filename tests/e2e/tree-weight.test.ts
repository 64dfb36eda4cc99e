/** The group that holds all containers weighs beside the host's own processes what they weigh together. */
import { afterAll, beforeAll } from "bun:test";
import { wayOf } from "../../src/engine/level-kernel.ts";
import { openCgroups } from "../../src/host/cgroup/index.ts";
import { cgroupTop, instanceOf } from "../../src/spec/instance.ts";
import { LEVELS } from "../../src/spec/levels.ts";
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
  if (missing !== null) return;
  d = await testDaemon();
  await d.ok("launch", "busybox", "one");
});
afterAll(() => d?.[Symbol.asyncDispose]());

/** The weight in force on the top group, on the scale of `cpu.weight`. */
function weight(): number {
  const cgroups = openCgroups();
  const row = LEVELS.find(({ key }) => key === "cpu.weight")!;
  const { controller, files, pick } = wayOf(row, cgroups.dialect)!.limit;
  return Number(pick([cgroups.read(cgroupTop(instanceOf(d.dir)), controller, files[0]!) ?? ""]));
}
const weighs = (sum: number): Promise<unknown> => until(`it weighs ${sum}`, () => weight() === sum);

describe("the weight of all containers", () => {
  test("is the sum of those that run, and follows starts, levels and ends", async () => {
    await weighs(100);
    await d.ok("launch", "busybox", "two", "--set", "cpu.weight=250");
    await weighs(350);
    await d.ok("set", "one", "cpu.weight=400");
    await weighs(650);
    await d.ok("stop", "--force", "two");
    await weighs(400);
  });
});
