import { existsSync, mkdirSync } from "node:fs";
import { command } from "../command.ts";
import { Absent } from "../contender.ts";

/** A tool of Debian's packages. Throws Absent where it isn't installed. */
export function tool(path: string, debian: string): string {
  if (existsSync(path)) return path;
  throw new Absent(`${path} is not installed; --install-peers installs Debian's ${debian}`);
}

/**
 * A network namespace for a peer's daemon: bridges, firewall rules and policies that peers put on a host and leave
 * there stay inside, and vanish with it.
 */
export function enclosure(name: string, log: string): { enter: string[]; remove(): void } {
  const at = `/run/netns/${name}`;
  if (existsSync(at)) command(["ip", "netns", "delete", name], log);
  command(["ip", "netns", "add", name], log);
  command(["ip", "-n", name, "link", "set", "lo", "up"], log);
  return { enter: ["nsenter", `--net=${at}`], remove: () => command(["ip", "netns", "delete", name], log) };
}

/** Packs the tree as an archive; `prefix` is put before each name, and `beside` are files packed in front. */
export function pack(
  tree: string,
  to: string,
  log: string,
  more: { prefix?: string; beside?: [dir: string, file: string] } = {},
): void {
  mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  const beside = more.beside ? ["-C", ...more.beside] : [];
  const prefix = more.prefix ? ["--transform", `s,^\\./,${more.prefix}/,`] : [];
  command(["tar", "--numeric-owner", ...prefix, "-cf", to, ...beside, "-C", tree, "."], log);
}
