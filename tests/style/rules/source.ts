import { at, type Source, withoutComments } from "./tree.ts";

/** A pattern that may appear only in some files. */
export interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** Files, or folders when they end in a slash. */
  readonly only: readonly string[];
}

/**
 * Names of the kernel's control files. Level keys look alike and are left out (`memory.high`, `cpu.weight`): those are Warren's words.
 */
const LIMIT_FILES =
  /\b(?:memory\.(?:max|min|current|peak|events|stat|pressure|reclaim|swap\.\w+|zswap\.\w+|oom\.group|limit_in_bytes|soft_limit_in_bytes|usage_in_bytes|max_usage_in_bytes|failcnt|memsw\.\w+|kmem\.\w+|oom_control|force_empty|swappiness|use_hierarchy)|cpu\.(?:max(?:\.burst)?|shares|stat|pressure|cfs_\w+|rt_\w+|uclamp\.\w+)|cpuacct\.\w+|cpuset\.(?:cpus|mems|effective_\w+|memory_migrate|cpu_exclusive)|pids\.(?:max|current|peak|events)|io\.(?:max|stat|bfq\.weight|latency|pressure|cost\.\w+)|blkio\.\w+|hugetlb\.\w+\.(?:max|current|limit_in_bytes|usage_in_bytes|failcnt)|devices\.(?:allow|deny|list))(?![\w(])/;

/** Files that structure the tree of cgroups, not limits. */
const STRUCTURE_FILES =
  /\b(?:cgroup\.(?:procs|threads|freeze|kill|events|controllers|subtree_control|clone_children|max\.\w+|stat|type)|freezer\.\w*state|notify_on_release|release_agent)\b/;

export const RULES: readonly Rule[] = [
  {
    what: "the kernel's name of a limit",
    pattern: LIMIT_FILES,
    only: ["src/spec/levels.ts", "src/spec/levels/"],
  },
  {
    what: "the kernel's name of a cgroup's own file",
    pattern: STRUCTURE_FILES,
    only: ["src/host/cgroup/", "src/spec/levels.ts", "src/spec/levels/"],
  },
  {
    // the command line starts two programs: the editor of `warren file edit`, and stty where Bun's raw mode falls short
    what: "the start of a process",
    pattern: /\bBun\.spawn(?:Sync)?\b|\bBun\.\$|["'](?:node:)?child_process["']/,
    only: ["src/host/exec/", "src/cli/commands/file-edit.ts", "src/cli/terminal.ts"],
  },
  { what: "a raw system call", pattern: /["']bun:ffi["']/, only: ["src/host/syscall/"] },
  {
    what: "a database",
    pattern: /["']bun:sqlite["']/,
    only: ["src/store/", "src/host/claim/", "src/daemon/lock.ts"],
  },
  {
    what: "mutable state of a module",
    // column 0 is module level: Biome formats everything
    pattern:
      /^(?:export )?(?:let|var) |^(?:export )?const \w+(?:: [^=]+)? = (?:new (?:Map|Set|WeakMap|WeakSet)(?:<.*>)?\(\)|\[\]|\{\});?$/m,
    only: [],
  },
  {
    what: "unfinished work",
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    only: [],
  },
];

/** Where files break a rule, one line each. Comments are looked at only for unfinished work. */
export function breaks(files: readonly Source[], rule: Rule): string[] {
  return files
    .filter(
      ({ path }) =>
        !rule.only.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place)),
    )
    .flatMap((file) => {
      const text = rule.what === "unfinished work" ? file.text : withoutComments(file.text);
      const all = new RegExp(rule.pattern.source, `${rule.pattern.flags.replace("g", "")}g`);
      return [...text.matchAll(all)].map((hit) => `${at({ ...file, text }, hit.index)}: ${hit[0].trim()}`);
    });
}

/** Files that are too long: at most one in ten over `limit` lines. */
export function tooLong(files: readonly Source[], limit = 200): string[] {
  const long = files
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines >= limit)
    .sort((a, b) => b.lines - a.lines);
  return long.length * 10 > files.length ? long.map(({ path, lines }) => `${path}: ${lines} lines`) : [];
}
