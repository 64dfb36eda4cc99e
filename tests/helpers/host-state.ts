/**
 * What Warren could leave on a host, before and after: mounts, links, cgroups, nft tables, neighbour proxies, routes,
 * sysctls, processes. `difference` tells what is new, gone or changed.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Lines per kind of thing. */
export type HostState = Record<string, string[]>;

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // the process, link or file went while we looked
  }
};

const tool = (...cmd: string[]): string[] => {
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  if (Bun.which(cmd[0] ?? "", env) === null) return [];
  const { stdout } = Bun.spawnSync({ cmd, env, timeout: 10_000, stdin: "ignore", stderr: "ignore" });
  return stdout.toString().split("\n").filter(Boolean);
};

/** Mounts that mention `word` in their source, target or options; other programs' come and go. */
const mounts = (word: string): string[] =>
  read("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line.includes(word))
    .map((line) => line.split(" ").slice(3).join(" "));

/** Every cgroup directory up to `depth` levels down, in every hierarchy, whose path mentions `word`. */
function cgroups(word: string, at = "/sys/fs/cgroup", depth = 4): string[] {
  if (depth === 0 || !existsSync(at)) return [];
  return readdirSync(at, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(at, name);
      return [...(path.includes(word) ? [path] : []), ...cgroups(word, path, depth - 1)];
    });
}

const APPARMOR = "/sys/kernel/security/apparmor/policy";
const entries = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

const SYSCTLS = [
  "net/ipv4/ip_forward",
  "net/ipv6/conf/all/forwarding",
  "net/ipv4/conf/all/rp_filter",
  "net/ipv4/conf/all/proxy_arp",
];

/** Processes that mention `word` in their arguments or environment, without their pids: `n × command`. */
function processes(word: string): string[] {
  const seen = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    if (!`${command}\0${read(`/proc/${pid}/environ`)}`.includes(word)) continue;
    seen.set(command, (seen.get(command) ?? 0) + 1);
  }
  return [...seen].map(([command, count]) => `${count} × ${command}`);
}

/** Open files of this process, for leaks inside a test's own process. */
const descriptors = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, "N")];
    } catch {
      return [];
    }
  });

/**
 * Takes the host's state. `dir` is the WARREN_DIR under test, `tag` its instance tag: everything Warren names carries one of them,
 * so what other programs and daemons do meanwhile doesn't disturb. The sysctls are the whole host's.
 */
export function hostState(dir: string, tag: string): HostState {
  const own = (lines: string[]) => lines.filter((line) => line.includes(dir) || line.includes(tag));
  return {
    mounts: mounts(dir),
    cgroups: cgroups(tag),
    links: own(tool("ip", "-o", "link", "show").map((line) => line.replace(/^\d+: ([^:@]+).*/, "$1"))),
    routes: own([...tool("ip", "route", "show", "table", "all"), ...tool("ip", "-6", "route", "show")]),
    proxies: own([...tool("ip", "neigh", "show", "proxy"), ...tool("ip", "-6", "neigh", "show", "proxy")]),
    nft: own(tool("nft", "list", "tables")),
    apparmor: own([...entries(`${APPARMOR}/profiles`), ...entries(`${APPARMOR}/namespaces`)]),
    sysctls: SYSCTLS.map((key) => `${key} = ${read(join("/proc/sys", key)).trim()}`),
    processes: processes(dir),
    descriptors: descriptors(),
  };
}

/** What is in `after` and not in `before` ("+"), and the other way round ("-"); empty when nothing was left. */
export function difference(before: HostState, after: HostState): string[] {
  const kinds = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return kinds.flatMap((kind) => {
    const [was, is] = [count(before[kind] ?? []), count(after[kind] ?? [])];
    return [...new Set([...was.keys(), ...is.keys()])].flatMap((line) => {
      const change = (is.get(line) ?? 0) - (was.get(line) ?? 0);
      return change === 0 ? [] : [`${kind}: ${change > 0 ? "+" : "-"} ${line}`];
    });
  });
}

function count(lines: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}
