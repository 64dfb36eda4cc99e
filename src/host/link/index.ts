/**
 * Network links, routes and the kernel's forwarding switches.
 *
 * What must never happen here: touching a link without our prefix.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { run } from "../exec/index.ts";
import { bytesOf, defaultLink, type LinkBytes, routesOf } from "./text.ts";

export type { LinkBytes } from "./text.ts";

const NET = "/sys/class/net";
const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
};

/** Links whose name begins with `prefix`. */
export function linksWith(prefix: string): string[] {
  return readdirSync(NET).filter((name) => name.startsWith(prefix));
}

/** Bytes that each link whose name begins with `prefix` took in and gave out, as the host sees it; one read for all. */
export function linkBytes(prefix: string): Map<string, LinkBytes> {
  return bytesOf(read("/proc/net/dev") ?? "", prefix);
}

/** Takes links away; one that is gone already is no error. */
export async function removeLinks(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const batch = names.map((name) => `link delete dev ${name}\n`).join("");
  await run(["ip", "-force", "-batch", "-"], { input: batch, ok: [0, 1, 2] });
}

/** MTU of the link that the default route leaves by; 1500 where there is none. */
export function outsideMtu(): number {
  const link = defaultLink(read("/proc/net/route") ?? "");
  return Number((link && read(`${NET}/${link}/mtu`)) || 1500);
}

/** Destinations of the host's routes, IPv4 and IPv6, as `ADDRESS/LENGTH`, with the link they leave by. */
export async function routes(): Promise<{ to: string; link: string }[]> {
  const tables = await Promise.all([
    run(["ip", "-j", "-4", "route"]),
    run(["ip", "-j", "-6", "route"], { ok: [0, 1, 2] }),
  ]);
  return tables.flatMap(({ stdout }) => routesOf(stdout));
}

/** A kernel switch under /proc/sys/net, by its path there; `null` where the kernel has none. */
export function getSwitch(name: string): string | null {
  return read(`/proc/sys/net/${name}`);
}

/** Sets a kernel switch under /proc/sys/net. */
export function setSwitch(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/${name}`, value);
}

/** The links on which the host takes its own IPv6 address from router advertisements. */
export function advertisedLinks(): string[] {
  try {
    return readdirSync("/proc/sys/net/ipv6/conf").filter(
      (link) =>
        link !== "all" &&
        link !== "default" &&
        link !== "lo" &&
        getSwitch(`ipv6/conf/${link}/accept_ra`) === "1",
    );
  } catch {
    return [];
  }
}
