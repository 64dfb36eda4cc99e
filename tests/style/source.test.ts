/** What may stand where in the sources. */
import { describe, expect, test } from "bun:test";
import { breaks, RULES, tooLong } from "./rules/source.ts";
import { sources, withoutComments } from "./rules/tree.ts";

const src = sources("src");

/** For each rule a line that breaks it and one that looks alike and does not. */
const SAMPLES: Record<string, { bad: string[]; good: string[] }> = {
  "the kernel's name of a limit": {
    bad: [
      'write("memory.max", 1);',
      'x = "memory.memsw.limit_in_bytes";',
      'f = "cpu.cfs_quota_us"',
      '"/x/pids.max"',
    ],
    good: [
      'set("memory.limit", 1);',
      'key = "memory.high";',
      "// memory.max is the kernel's",
      "Math.max(memory.max(1))",
    ],
  },
  "the kernel's name of a cgroup's own file": {
    bad: ['read("cgroup.procs")', 'x = "freezer.state";'],
    good: ["lxc.cgroup.dir.container = x", "/* cgroup.procs */"],
  },
  "the start of a process": {
    bad: ["Bun.spawn({ cmd })", 'import { execFile } from "node:child_process";', "await Bun.$`ls`"],
    good: ["respawn(cmd)", "// Bun.spawn is slower"],
  },
  "a raw system call": { bad: ['import { dlopen } from "bun:ffi";'], good: ['import { x } from "bun";'] },
  "a database": {
    bad: ['import { Database } from "bun:sqlite";'],
    good: ['import { x } from "./sqlite.ts";'],
  },
  "mutable state of a module": {
    bad: [
      "let count = 0;",
      "export let a = 1;",
      "const seen = new Map<string, number>();",
      "const list: string[] = [];",
    ],
    good: [
      "  let count = 0;",
      "const KEYS = new Set(KEYS_OF);",
      'const LIST = ["a"];',
      "function f() {\n  let a;\n}",
    ],
  },
  "unfinished work": { bad: ["// TODO: later", "/* FIXME */"], good: ["const todo = list;"] },
};

describe("each rule", () => {
  for (const rule of RULES) {
    test(`sees ${rule.what}, and only that`, () => {
      const sample = SAMPLES[rule.what] ?? { bad: [], good: [] };
      expect(sample.bad.length).toBeGreaterThan(0);
      for (const text of sample.bad)
        expect(breaks([{ path: "src/x/y.ts", text }], rule), text).toHaveLength(1);
      for (const text of sample.good) expect(breaks([{ path: "src/x/y.ts", text }], rule), text).toEqual([]);
      for (const place of rule.only) {
        const path = place.endsWith("/") ? `${place}z.ts` : place;
        expect(breaks([{ path, text: sample.bad[0] ?? "" }], rule)).toEqual([]);
      }
    });
    test(`${rule.what} stands only where it may`, () => expect(breaks(src, rule)).toEqual([]));
  }
});

test("comments are taken out, strings and line numbers stay", () => {
  expect(withoutComments('a("//x"); // y\n/* z\n */ b(`/* q */`)')).toBe('a("//x"); \n\n b(`/* q */`)');
});

test("nine files in ten have fewer than 200 lines", () => {
  const file = (path: string, lines: number) => ({ path, text: "x\n".repeat(lines) });
  const nine = Array.from({ length: 9 }, (_, i) => file(`${i}.ts`, 199));
  expect(tooLong([...nine, file("long.ts", 900)])).toEqual([]);
  expect(tooLong([...nine.slice(1), file("long.ts", 200)])).toEqual(["long.ts: 200 lines"]);
  expect(tooLong(src)).toEqual([]);
});
