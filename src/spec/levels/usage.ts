/** What a container uses beside its levels: CPU time, bytes of I/O, pressure. */
import type { Dialect } from "../level.ts";
import type { UsageFigures } from "../usage.ts";
import { figure } from "./figures.ts";

type Texts = readonly string[];

const seconds =
  (unit: number, word = "") =>
  ([text = ""]: Texts): number | null => {
    const found = word === "" ? text : (new RegExp(`^${word} (\\d+)$`, "m").exec(text)?.[1] ?? "");
    return found === "" ? null : Number(found) / unit;
  };

/** Adds up the disks' lines; without one the kernel counts nothing, which is not the same as 0. */
const sum =
  (pattern: RegExp) =>
  ([text = ""]: Texts): number | null => {
    const found = [...text.matchAll(pattern)];
    return found.length === 0 ? null : found.reduce((total, [, bytes]) => total + Number(bytes), 0);
  };

/** `some avg10=1.23 ...` (Documentation/accounting/psi.rst, Linux 4.20). */
const waited =
  (line: "some" | "full") =>
  ([text = ""]: Texts): number | null => {
    const share = new RegExp(`^${line} avg10=([\\d.]+)`, "m").exec(text)?.[1];
    return share === undefined ? null : Number(share);
  };

/** A v2 group without I/O has an empty file. */
const rows = (word: string) => (texts: Texts) => sum(new RegExp(`\\b${word}=(\\d+)`, "g"))(texts) ?? 0;

const pressure = (line: "some" | "full", controller: (name: string) => string) => ({
  cpu: figure(controller("cpu"), "cpu.pressure", waited(line)),
  memory: figure(controller("memory"), "memory.pressure", waited(line)),
  io: figure(controller("io"), "io.pressure", waited(line)),
});

const THROTTLED = "blkio.throttle.io_service_bytes_recursive";

/** The figures of each dialect. */
export const USAGE: Record<Dialect, UsageFigures> = {
  v1: {
    cpu: figure("cpuacct", "cpuacct.usage", seconds(1e9)),
    ioRead: figure("blkio", THROTTLED, sum(/^\S+ Read (\d+)$/gm)),
    ioWrite: figure("blkio", THROTTLED, sum(/^\S+ Write (\d+)$/gm)),
    // Linux 6.10 and later count only on disks that some group has a rule for; a rule of 0 limits nothing.
    countIo: { controller: "blkio", file: "blkio.throttle.read_bps_device", text: (disk) => `${disk} 0` },
    // v1 has no pressure of its own; the v2 tree beside it has the same groups.
    pressure: pressure("some", () => "unified"),
    fullPressure: pressure("full", () => "unified"),
  },
  v2: {
    cpu: figure("cpu", "cpu.stat", seconds(1e6, "usage_usec")),
    ioRead: figure("io", "io.stat", rows("rbytes")),
    ioWrite: figure("io", "io.stat", rows("wbytes")),
    pressure: pressure("some", (name) => name),
    fullPressure: pressure("full", (name) => name),
  },
};
