/** Things of the kernel that are neither time nor ordinary memory: huge pages, groups. */
import { bytes, count } from "../codec.ts";
import type { LevelValues } from "../container.ts";
import type { Dialect, Figure, LevelHost, LevelRow, LevelWay, Setting } from "../level.ts";
import { amount, bothDialects, extent, field, figure, limitV2 } from "./figures.ts";

/** Where the dialect is v1, huge pages may still be counted on the v2 tree beside it. */
const isBeside = ({ beside }: LevelHost): boolean => beside?.includes("hugetlb") ?? false;

/**
 * Both are set: a reservation above the limit fails in mmap(2), so that a program can do without, and what goes around
 * reservations (MAP_NORESERVE) ends with SIGBUS (Documentation/admin-guide/cgroup-v1/hugetlb.rst, Linux 5.7).
 */
function hugetlbWays(key: string, size: string): Record<Dialect, LevelWay> {
  const of = (file: string, pick?: Figure["pick"]) => figure("hugetlb", `hugetlb.${size}.${file}`, pick);
  const max = ["rsvd.max", "max"].map((file) => limitV2(key, "hugetlb", `hugetlb.${size}.${file}`));
  const limitInBytes = ["rsvd.limit_in_bytes", "limit_in_bytes"].map(
    (file): Setting => ({
      controller: "hugetlb",
      file: `hugetlb.${size}.${file}`,
      of: [key],
      text: (levels) => String(amount(levels, key) ?? -1),
      extent,
    }),
  );
  const refused = of("events", field("max"));
  return {
    v1: {
      settings: [
        ...limitInBytes.map((each) => ({
          ...each,
          when: (_levels: LevelValues, host: LevelHost) => !isBeside(host),
        })),
        ...max.map((each) => ({ ...each, when: (_levels: LevelValues, host: LevelHost) => isBeside(host) })),
      ],
      limit: { ...of("limit_in_bytes"), or: of("max") },
      held: { ...of("usage_in_bytes"), or: of("current") },
      peak: of("max_usage_in_bytes"),
      fail: [{ ...of("failcnt"), or: refused }, of("rsvd.failcnt")],
    },
    v2: { settings: max, limit: of("max"), held: of("current"), fail: [refused] },
  };
}

/** Sizes of huge pages are also names of files. */
const hugetlb = <Key extends string>(key: Key, title: string, size: string, grain: number) =>
  ({
    key,
    group: "memory",
    title,
    help: `most bytes of huge pages of ${size} that the container may hold; mmap of more fails with ENOMEM`,
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
