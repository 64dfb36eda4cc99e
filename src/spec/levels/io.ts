/** Rates and shares of disks. Limits are set for each whole disk behind the containers' files. */
import { byteRate, type Codec, count, weight } from "../codec.ts";
import type { Dialect, LevelHost, LevelRow, LevelWay, Setting } from "../level.ts";
import { ubcPriority, ubcRate } from "../ubc.ts";
import { amount, figure } from "./figures.ts";

/** What each disk has in lines of `DISK VALUE` or `DISK key=value ...`, where `none` is no limit. */
function ratesIn(text: string, key: string): Map<string, number | null> {
  const rates = new Map<string, number | null>();
  for (const line of text.split("\n")) {
    const [disk = "", ...words] = line.split(" ");
    const word = key === "" ? words[0] : words.find((each) => each.startsWith(key))?.slice(key.length);
    if (word !== undefined) rates.set(disk, word === "max" || word === "0" ? null : Number(word));
  }
  return rates;
}
/** One number where all disks have the same. */
const common = (text: string, key: string): number | string | null => {
  const rates = ratesIn(text, key);
  const [first = null] = rates.values();
  return [...rates.values()].every((each) => each === first)
    ? first
    : [...rates].map(([disk, rate]) => `${disk} ${rate ?? "none"}`).join(", ");
};

/**
 * On v1 a limit of a rate binds its own group and none below (Documentation/admin-guide/cgroup-v1/blkio-controller.rst):
 * all below get it too, and guests may make no groups there. By dialect, the controllers that are so.
 */
export const FLAT: Record<Dialect, readonly string[]> = { v1: ["blkio"], v2: [] };

/** A limit of one kind in `file`, written as `DISK KEYvalue`. */
function rateWay(level: string, controller: string, file: string, key: string, none: string): LevelWay {
  const lines = (host: LevelHost, rate: (disk: string) => number | null | undefined) =>
    host.disks.map((disk) => `${disk} ${key}${rate(disk) ?? none}`).join("\n");
  const setting: Setting = {
    controller,
    file,
    of: [level],
    text: (levels, host) => lines(host, () => amount(levels, level)),
    extent: (text) => common(text, key),
    // Disks without a limit aren't listed, and those of other people's rules are.
    shown(text, host) {
      const rates = ratesIn(text, key);
      return lines(host, (disk) => rates.get(disk));
    },
    ...(FLAT.v1.includes(controller)
      ? { nesting: { files: [file], settle: (_own, _from, to) => to, cover: (_now, end) => end } }
      : {}),
  };
  return {
    settings: [setting],
    limit: figure(controller, file, ([text = ""]) => {
      const rate = common(text, key);
      return typeof rate === "string" ? null : rate;
    }),
  };
}

const NO_DISK = "the disk behind the containers' files isn't known; a limit must name it";
const noDisk = ({ disks }: LevelHost): string | null => (disks.length === 0 ? NO_DISK : null);

/** What differs between the four rows: OpenVZ had one name for reading and writing. */
const rateRow = <Key extends string>(
  key: Key,
  title: string,
  help: string,
  codec: Codec,
  [v1, v2]: readonly [string, string],
) =>
  ({
    key,
    group: "io",
    title,
    help,
    codec,
    default: "unlimited",
    range: { min: 1, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: codec.unit === "count" ? ubcRate("iopslimit", 1) : ubcRate("iolimit", 1024 ** 2),
    lacks: noDisk,
    ways: { v1: rateWay(key, "blkio", v1, "", "0"), v2: rateWay(key, "io", "io.max", v2, "max") },
  }) as const satisfies LevelRow;

/** How fast a container may read and write. */
export const IO_RATES = [
  rateRow(
    "io.read.bps",
    "Disk reading",
    "most bytes a second the container may read from the disk; what is in memory already is free",
    byteRate,
    ["blkio.throttle.read_bps_device", "rbps="],
  ),
  rateRow(
    "io.write.bps",
    "Disk writing",
    "most bytes a second the container may write to the disk; on cgroup v1 only what it writes by itself (direct or synchronous), not what the kernel writes back later",
    byteRate,
    ["blkio.throttle.write_bps_device", "wbps="],
  ),
  rateRow("io.read.iops", "Disk reads", "most reads a second that the container may ask of the disk", count, [
    "blkio.throttle.read_iops_device",
    "riops=",
  ]),
  rateRow(
    "io.write.iops",
    "Disk writes",
    "most writes a second that the container may ask of the disk; on cgroup v1 only those it makes by itself (direct or synchronous)",
    count,
    ["blkio.throttle.write_iops_device", "wiops="],
  ),
] as const satisfies readonly LevelRow[];

/** The file at the top of the tree in which disks stand whose shares the kernel keeps by cost (Linux 5.4). */
export const COST_FILE = "io.cost.qos";

/** BFQ's scale ends at 1000; above it more is not more. */
const bfqWeight = (controller: string, file: string): Setting => ({
  controller,
  file,
  of: ["io.weight"],
  when: (_levels, { sharing }) => sharing === "bfq",
  text: (levels) => String(Math.min(1000, amount(levels, "io.weight") ?? 100)),
  extent: defaultWeight,
});
const costWeight: Setting = {
  controller: "io",
  file: "io.weight",
  of: ["io.weight"],
  when: (_levels, { sharing }) => sharing === "iocost",
  text: (levels) => `default ${amount(levels, "io.weight") ?? 100}`,
  extent: defaultWeight,
};
/** Files with a line for each disk that has its own begin with the one of all others. */
function defaultWeight(text: string): number {
  return Number(/^(?:default )?(\d+)/.exec(text)?.[1]);
}

const weightWays: Record<Dialect, LevelWay> = {
  v1: {
    settings: [bfqWeight("blkio", "blkio.bfq.weight")],
    limit: figure("blkio", "blkio.bfq.weight", ([text = ""]) => defaultWeight(text)),
  },
  v2: {
    settings: [costWeight, bfqWeight("io", "io.bfq.weight")],
    limit: {
      controller: "io",
      files: ["io.weight", "io.bfq.weight"],
      // Both are there where the kernel has both ways; the one that isn't used keeps the ordinary share.
      pick: (texts) => texts.map(defaultWeight).find((each) => each !== 100 && !Number.isNaN(each)) ?? 100,
    },
  },
};

/** What share of a busy disk a container gets. */
export const ioWeight = {
  key: "io.weight",
  group: "io",
  title: "Disk share",
  help: "share of a disk when neighbours want it too; 200 gets twice what 100 gets. The disk must be scheduled by BFQ (shares end at 1000) or, on cgroup v2, the kernel's cost model be on for it",
  codec: weight,
  default: "100",
  fresh: 100,
  range: { min: 1, max: 10_000, unlimited: false },
  live: true,
  enforcement: "kernel",
  alias: ubcPriority("ioprio"),
  lacks: ({ disks, sharing }) =>
    disks.length === 0
      ? NO_DISK
      : sharing === null
        ? "nothing shares the disk by weight here: schedule it by bfq (queue/scheduler of the disk in /sys/block)"
        : null,
  check: (value, { sharing }) =>
    sharing === "bfq" && Number(value) > 1000 ? "is above the most that BFQ knows, 1000" : null,
  ways: weightWays,
} as const satisfies LevelRow;
