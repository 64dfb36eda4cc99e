/** Imports point down, in no circle. Each checker is shown a bad sample first, so that it is known to see one. */
import { describe, expect, test } from "bun:test";
import { atOnce, cycles, hostRooms, importsOf, upward } from "./rules/imports.ts";
import { sources } from "./rules/tree.ts";

const src = sources("src");
const file = (path: string, text: string) => ({ path, text });

test("there are sources to look at", () => expect(src.length).toBeGreaterThan(10));

describe("the checkers", () => {
  test("see every form of import, and none in comments", () => {
    const text = [
      'import { a } from "./a.ts";',
      "import type {",
      "  B,",
      '} from "../b/index.ts";',
      'import "./side.ts";',
      'export * from "./c.ts";',
      'const d = await import("./d.ts");',
      '// import { e } from "./e.ts";',
      '/* import { f } from "./f.ts"; */',
      'const url = "http://x"; import { g } from "node:fs";',
    ].join("\n");
    expect(importsOf(file("src/plan/x.ts", text)).map(({ to }) => to)).toEqual([
      "src/plan/a.ts",
      "src/b/index.ts",
      "src/plan/side.ts",
      "src/plan/c.ts",
      "src/plan/d.ts",
    ]);
  });

  test("see an import that points up", () => {
    expect(upward([file("src/spec/x.ts", 'import { y } from "../engine/y.ts";')])).toHaveLength(1);
    expect(upward([file("src/host/lxc/x.ts", 'import type { Y } from "../../plan/y.ts";')])).toHaveLength(1);
    expect(upward([file("src/cli/x.ts", 'import { y } from "../host/exec/index.ts";')])).toHaveLength(1);
    expect(upward([file("src/attic/x.ts", 'import { y } from "../spec/y.ts";')])).toEqual([
      "src/attic/x.ts is in no layer",
    ]);
    expect(upward([file("src/engine/x.ts", 'import { y } from "../spec/y.ts";')])).toEqual([]);
  });

  test("let only the daemon command load the daemon, when it is asked for", () => {
    const load = 'const m = await import("../../daemon/main.ts");';
    expect(upward([file("src/cli/commands/daemon.ts", load)])).toEqual([]);
    expect(upward([file("src/cli/client.ts", load.replace("../../", "../"))])).toHaveLength(1);
    expect(upward([file("src/cli/commands/daemon.ts", 'import "../../daemon/main.ts";')])).toHaveLength(1);
  });

  test("see a circle of files, and none in types", () => {
    const a = file("src/plan/a.ts", 'import { b } from "./b.ts";');
    const b = file("src/plan/b.ts", 'import { c } from "./c.ts";');
    const c = file("src/plan/c.ts", 'export { a } from "./a.ts";');
    expect(cycles([a, b, c])).toEqual(["src/plan/a.ts -> src/plan/b.ts -> src/plan/c.ts -> src/plan/a.ts"]);
    expect(cycles([a, b])).toEqual([]);
    expect(cycles([a, { ...b, text: b.text.replace("import", "import type") }, c])).toEqual([]);
  });

  test("see host rooms that need each other, and a ground room that needs an upper one", () => {
    const lxc = file("src/host/lxc/a.ts", 'import { b } from "../nft/b.ts";');
    const nft = file("src/host/nft/b.ts", 'import { a } from "../lxc/a.ts";');
    const exec = file("src/host/exec/c.ts", 'import { a } from "../lxc/a.ts";');
    const spawn = file("src/host/exec/d.ts", 'import { s } from "../syscall/s.ts";');
    expect(hostRooms([spawn])).toEqual([]);
    expect(hostRooms([lxc, nft])).toEqual(["lxc -> nft -> lxc"]);
    expect(hostRooms([lxc, exec])).toEqual([
      "src/host/exec/c.ts is on the ground floor and imports src/host/lxc/a.ts",
    ]);
  });
});

test("imports point down", () => expect(upward(src)).toEqual([]));
test("no file imports itself in a circle", () => expect(cycles(src)).toEqual([]));
test("host rooms stand on lower ones only", () => expect(hostRooms(src)).toEqual([]));

describe("what people type all day", () => {
  /** Packages that take milliseconds to load, in a client that lives for ten. */
  const DEAR = [
    "node:stream",
    "node:fs/promises",
    "node:child_process",
    "node:http",
    "node:net",
    "node:readline",
  ];
  const dear = (files: typeof src, path: string) => atOnce(files, path).filter((each) => DEAR.includes(each));

  test("the checker sees what is loaded by way of another file, and not what is loaded later", () => {
    const a = file("src/cli/a.ts", 'import { b } from "./b.ts";\nimport type { D } from "./d.ts";');
    const b = file("src/cli/b.ts", 'import "node:stream";\nconst c = () => import("./c.ts");');
    const c = file("src/cli/c.ts", 'import "node:net";');
    const d = file("src/cli/d.ts", 'import "node:http";');
    expect(dear([a, b, c, d], "src/cli/a.ts")).toEqual(["node:stream"]);
  });
  test.each(["launch", "power", "exec", "shell", "list", "info", "delete", "level", "snapshot", "copy"])(
    "%s loads nothing that takes longer than it",
    (name) => {
      expect(dear(src, "src/cli/main.ts")).toEqual([]);
      expect(atOnce(src, `src/cli/commands/${name}.ts`).length).toBeGreaterThan(1);
      expect(dear(src, `src/cli/commands/${name}.ts`)).toEqual([]);
    },
  );
});
