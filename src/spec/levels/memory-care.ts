/** How memory is asked back, kept and killed for, beside its limits. */
import { bytes, onOff } from "../codec.ts";
import type { LevelRow, Setting } from "../level.ts";
import { ubcBarrier, ubcGuarantee } from "../ubc.ts";
import {
  amount,
  bothDialects,
  extent,
  field,
  figure,
  isOn,
  LARGEST_PAGE,
  limitV2,
  page,
  toggle,
} from "./figures.ts";

const ceiling = (key: string, file: string): Setting => ({
  ...limitV2(key, "memory", file, (value) => String(page(value))),
  slack: LARGEST_PAGE,
});
/** Memory that is kept; without a value none is. */
const kept = (key: string, file: string): Setting => ({
  controller: "memory",
  file,
  of: [key],
  text: (levels) => String(page(amount(levels, key) ?? 0)),
  extent,
  slack: LARGEST_PAGE,
});

/** Memory above which a container is slowed down. */
export const memoryHigh = {
  key: "memory.high",
  group: "memory",
  title: "Memory throttle",
  help: "memory above which the container is slowed down and made to give back, without anything being killed",
  codec: bytes,
  default: "unlimited",
  range: { min: 0, unlimited: true },
  live: true,
  enforcement: "kernel",
  alias: ubcBarrier("physpages"),
  whole: (host) => host.memory,
  ways: {
    v2: {
      settings: [ceiling("memory.high", "memory.high")],
      limit: figure("memory", "memory.high"),
      held: figure("memory", "memory.current"),
      fail: [figure("memory", "memory.events", field("high"))],
    },
  },
  without: { v1: "cgroup v1 has no limit that slows down; memory.limit takes cache back first as well" },
} as const satisfies LevelRow;

/** Memory that is taken last when the host is short of it. */
export const memoryLow = {
  key: "memory.low",
  group: "memory",
  title: "Memory kept",
  help: "memory that is taken back only when the host finds no other; what a container holds above it goes first",
  codec: bytes,
  default: "0",
  range: { min: 0, unlimited: false },
  live: true,
  enforcement: "kernel",
  promise: { resource: "memory", as: "protection" },
  whole: (host) => host.memory,
  ways: {
    v1: {
      settings: [
        {
          ...kept("memory.low", "memory.soft_limit_in_bytes"),
          // The kernel takes from who is furthest above, and a new group has no such limit and so is never above it:
          // one container's memory is kept only if all the others are given 0.
          text: (levels) =>
            String(amount(levels, "memory.low") === null ? -1 : page(amount(levels, "memory.low") ?? 0)),
          inRoot: true,
        },
      ],
      limit: figure("memory", "memory.soft_limit_in_bytes"),
    },
    v2: {
      settings: [{ ...kept("memory.low", "memory.low"), above: "sum" }],
      limit: figure("memory", "memory.low"),
      fail: [figure("memory", "memory.events", field("low"))],
    },
  },
} as const satisfies LevelRow;

/** Memory that is never taken. */
export const memoryGuarantee = {
  key: "memory.guarantee",
  group: "memory",
  title: "Memory guaranteed",
  help: "memory that is never taken from the container, however short the host is",
  codec: bytes,
  default: "0",
  fresh: 0,
  range: { min: 0, unlimited: false },
  live: true,
  enforcement: "kernel",
  alias: ubcGuarantee("vmguarpages"),
  promise: { resource: "memory", as: "guarantee" },
  whole: (host) => host.memory,
  ways: {
    v2: {
      settings: [{ ...kept("memory.guarantee", "memory.min"), above: "sum" }],
      limit: figure("memory", "memory.min"),
    },
  },
  without: { v1: "cgroup v1 guarantees no memory; memory.low keeps it as long as there is other" },
} as const satisfies LevelRow;

/** Compressed memory in front of swap space. */
export const memoryZswap = {
  key: "memory.zswap",
  group: "memory",
  title: "Compressed swap",
  help: "most memory that the container's swapped pages may hold compressed, where the host has zswap on",
  codec: bytes,
  default: "unlimited",
  range: { min: 0, unlimited: true },
  live: true,
  enforcement: "kernel",
  whole: (host) => host.memory,
  ways: {
    v2: {
      settings: [ceiling("memory.zswap", "memory.zswap.max")],
      limit: figure("memory", "memory.zswap.max"),
      held: figure("memory", "memory.zswap.current"),
    },
  },
  without: { v1: "cgroup v1 has no limit of its own for zswap" },
} as const satisfies LevelRow;

/** Who is killed when memory runs out. */
export const memoryOomGroup = {
  key: "memory.oom_group",
  group: "memory",
  title: "Killed as one",
  help: "on ends the whole container when the kernel must kill in it for memory, instead of one process of it",
  codec: onOff,
  default: "off",
  fresh: "off",
  range: { unlimited: false },
  live: true,
  enforcement: "kernel",
  ways: {
    v2: {
      settings: [toggle("memory.oom_group", "memory", "memory.oom.group")],
      limit: figure("memory", "memory.oom.group", isOn),
      fail: [figure("memory", "memory.events", field("oom_group_kill"))],
    },
  },
  without: { v1: "cgroup v1 kills single processes only" },
} as const satisfies LevelRow;

/** Equal memory kept once. */
export const memoryMerge = {
  key: "memory.merge",
  group: "memory",
  title: "Equal memory kept once",
  help: "on lets the kernel keep memory that is equal to other such containers' once, where KSM is on (echo 1 > /sys/kernel/mm/ksm/run); by the time a write takes, one container can then find out what another holds, so only where all of them trust each other; programs of exec are left out",
  codec: onOff,
  default: "off",
  fresh: "off",
  range: { unlimited: false },
  live: false,
  enforcement: "kernel",
  ways: bothDialects({
    settings: [toggle("memory.merge", "ksm", "merge")],
    limit: figure("ksm", "merge", isOn),
    held: figure("ksm", "merge.held"),
  }),
} as const satisfies LevelRow;
