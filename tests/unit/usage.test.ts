/** How the kernel's texts of use read, and the answer that is made of them. */
import { describe, expect, test } from "bun:test";
import { bytesOf } from "../../src/host/link/text.ts";
import { USAGE } from "../../src/spec/levels/usage.ts";
import { startApi } from "../helpers/api.ts";

const PRESSURE =
  "some avg10=1.25 avg60=0.49 avg300=0.87 total=1558390614\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0";
const V1_IO = [
  "254:0 Read 483328\n254:0 Write 31465472\n254:0 Sync 31948800\n254:0 Async 0",
  "254:0 Discard 20971520\n254:0 Total 52920320\n8:16 Read 1\n8:16 Write 2\nTotal 52920320",
].join("\n");
const V2_IO =
  "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=5 dios=1\n8:0 rbytes=90430464 wbytes=1 rios=8950 wios=1252 dbytes=0 dios=0";

describe("cgroup v1", () => {
  const { cpu, ioRead, ioWrite, pressure } = USAGE.v1;
  test("CPU time is in nanoseconds", () => expect(cpu.pick(["1500000000"])).toBe(1.5));
  test("bytes are added up over disks, what is discarded is not among them", () => {
    expect([ioRead.pick([V1_IO]), ioWrite.pick([V1_IO])]).toEqual([483_329, 31_465_474]);
  });
  test("without a disk's line nothing is counted, which is not 0", () =>
    expect(ioRead.pick(["Total 0"])).toBe(null));
  test("pressure is in the v2 tree beside it", () => {
    expect(pressure.memory).toMatchObject({ controller: "unified" });
    expect(pressure.cpu.pick([PRESSURE])).toBe(1.25);
    expect(pressure.cpu.pick([""])).toBe(null);
  });
  test("the rule that makes the kernel count limits nothing", () =>
    expect(USAGE.v1.countIo?.text("254:0")).toBe("254:0 0"));
});

test("cgroup v2", () => {
  const { cpu, ioRead, ioWrite, pressure, countIo } = USAGE.v2;
  expect(cpu.pick(["usage_usec 2500000\nuser_usec 1\nsystem_usec 2"])).toBe(2.5);
  expect([ioRead.pick([V2_IO]), ioWrite.pick([V2_IO])]).toEqual([91_889_664, 314_773_505]);
  expect(ioRead.pick([""])).toBe(0);
  expect(pressure.io.pick([PRESSURE])).toBe(1.25);
  expect(countIo).toBeUndefined();
});

test("bytes of the links with a prefix, as /proc/net/dev has them", () => {
  const text = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
    "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0",
    "  wr-1: 1234567       9    0    0    0     0          0         0  7654321      11    0    0    0     0       0          0",
    "wr-1000:1234567890123 9    0    0    0     0          0         0       42       1    0    0    0     0       0          0",
    "",
  ].join("\n");
  expect([...bytesOf(text, "wr-")]).toEqual([
    ["wr-1", { in: 1_234_567, out: 7_654_321 }],
    ["wr-1000", { in: 1_234_567_890_123, out: 42 }],
  ]);
});

test("one call answers for all containers, or for those whose name contains a word", async () => {
  const api = startApi(["web", "db", "webmail"]);
  const names = async (path: string) =>
    ((await (await api.ask("GET", path)).json()) as { name: string }[]).map(({ name }) => name);
  expect(await names("/v1/usage")).toEqual(["web", "db", "webmail"]);
  expect(await names("/v1/usage?name=web")).toEqual(["web", "webmail"]);
  await api.stop();
});
