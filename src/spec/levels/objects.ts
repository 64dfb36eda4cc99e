/** Things of the kernel that are neither time nor ordinary memory: huge pages, groups. */
import { bytes, count } from "../codec.ts";
import type { LevelValues } from "../container.ts";
import type { Dialect, LevelHost, LevelRow, LevelWay, Setting } from "../level.ts";
import { amount, bothDialects, extent, field, figure, limitV2 } from "./figures.ts";

/** Where the dialect is v1, huge pages may still be counted on the v2 tree beside it. */
const isBeside = ({ beside }: LevelHost): boolean => beside?.includes("hugetlb") ?? false;

function hugetlbWays(key: string, size: string): Record<Dialect, LevelWay> {
  const of = (file: string) => figure("hugetlb", `hugetlb.${size}.${file}`);
  const v2: LevelWay = {
    settings: [limitV2(key, "hugetlb", `hugetlb.${size}.max`)],
    limit: of("max"),
    held: of("current"),
    fail: [figure("hugetlb", `hugetlb.${size}.events`, field("max"))],
  };
  const v1: Setting = {
    controller: "hugetlb",
    file: `hugetlb.${size}.limit_in_bytes`,
    of: [key],
    text: (levels) => String(amount(levels, key) ?? -1),
    extent,
  };
  return {
    v1: {
      settings: [
        { ...v1, when: (_levels, host) => !isBeside(host) },
        ...v2.settings.map((each) => ({
          ...each,
          when: (_levels: LevelValues, host: LevelHost) => isBeside(host),
        })),
      ],
      limit: { ...of("limit_in_bytes"), or: v2.limit },
      held: { ...of("usage_in_bytes"), or: of("current") },
      peak: of("max_usage_in_bytes"),
      fail: [{ ...of("failcnt"), or: figure("hugetlb", `hugetlb.${size}.events`, field("max")) }],
    },
    v2,
  };
}

/** Sizes of huge pages are also names of files. */
const hugetlb = <Key extends string>(key: Key, title: string, size: string, grain: number) =>
  ({
    key,
    group: "memory",
    title,
    help: `most bytes of huge pages of ${size} that the container may hold; taking more fails (ENOMEM, or SIGBUS for what was mapped)`,
    codec: bytes,
    default: "unlimited",
    range: { min: 0, unlimited: true },
    live: true,
    enforcement: "kernel",
    whole: (host) => host.memory,
    check: (value) => (Number(value ?? 0) % grain === 0 ? null : `is no multiple of a page of ${size}`),
    ways: hugetlbWays(key, size),
  }) as const satisfies LevelRow;

/** How many huge pages a container may hold. */
export const HUGETLB_ROWS = [
  hugetlb("hugetlb.2M", "Huge pages of 2 MiB", "2MB", 2 * 1024 ** 2),
  hugetlb("hugetlb.1G", "Huge pages of 1 GiB", "1GB", 1024 ** 3),
] as const satisfies readonly LevelRow[];

/** The limit stands on the container's own group, which the guest doesn't see. */
const descendants: LevelWay = {
  settings: [limitV2("cgroup.descendants", "unified", "cgroup.max.descendants")],
  limit: figure("unified", "cgroup.max.descendants"),
  held: figure("unified", "cgroup.stat", field("nr_descendants")),
};

/** How many groups a guest may make. */
export const cgroupDescendants = {
  key: "cgroup.descendants",
  group: "kernel objects",
  title: "Control groups",
  help: "most control groups that the guest may make for its own services and containers; one more fails with EAGAIN",
  codec: count,
  // A group without a process is of no use, so there are as many as processes (pids.limit).
  default: "2048",
  // One is the guest's own.
  range: { min: 1, max: 2 ** 31 - 1, unlimited: true },
  live: true,
  enforcement: "kernel",
  ways: bothDialects(descendants),
} as const satisfies LevelRow;
