import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { fromOpenvz, shellAssignments } from "../../src/plan/openvz.ts";
import { mergeProfiles, profileLevels, withOwn } from "../../src/plan/profile.ts";
import { nameOfFile, readProfile } from "../../src/plan/profile-file.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import { OPENVZ_LEFT_OUT } from "../../src/spec/openvz.ts";
import { profileName } from "../../src/spec/profile.ts";
import { BUILTIN_PROFILES } from "../../src/spec/profiles.ts";

const code = (work: () => unknown): string => {
  try {
    work();
    return "done";
  } catch (error) {
    return error instanceof WarrenError ? `${error.code} ${error.message}` : String(error);
  }
};

describe("levels of a profile", () => {
  test("percentages stay percentages, OpenVZ's names become levels", () => {
    expect(profileLevels({ "memory.limit": " 25% ", numproc: "240:240", cpuunits: "2000" })).toEqual({
      "memory.limit": "25%",
      "pids.limit": "240",
      "cpu.weight": "200",
    });
  });
  test.each([
    [{ "memory.limt": "1G" }, 'NO_LEVEL there is no level "memory.limt"'],
    [{ "memory.limit": "lots" }, "BAD_VALUE memory.limit=lots is not a size"],
    [{ "pids.limit": "0" }, "BAD_VALUE pids.limit=0 is below the least, 1"],
    [{ "cpu.weight": "20000" }, "BAD_VALUE cpu.weight=20000 is above the most, 10000"],
    [{ "pids.limit": "1", numproc: "2" }, "USAGE pids.limit is given twice"],
  ])("%p is refused", (set, said) => expect(code(() => profileLevels(set))).toBe(said));

  test("the later profile's level holds, and the container's own above all", () => {
    const a = { description: "", levels: { "memory.limit": "1G", "pids.limit": "10" }, priority: 5 };
    const b = { description: "", levels: { "memory.limit": "2G" }, priority: null };
    const merged = mergeProfiles([a, b]);
    expect(merged).toEqual({ levels: { "memory.limit": "2G", "pids.limit": "10" }, priority: 5 });
    expect(withOwn(merged.levels, { numproc: "7" })).toEqual({ "memory.limit": "2G", numproc: "7" });
  });

  test("those that come with Warren are in order", () => {
    for (const [name, { levels }] of Object.entries(BUILTIN_PROFILES)) {
      expect(profileName(name)).toBe(name);
      expect(profileLevels(levels)).toEqual(levels);
    }
  });

  test.each(["", "-a", "a-", "A", "a/b", "a b", "x".repeat(64)])("%p is no name", (name) =>
    expect(code(() => profileName(name))).toStartWith("BAD_NAME"),
  );
});

describe("OpenVZ's configurations", () => {
  test("are read as a shell would, and nothing is run", () => {
    const text = [
      "# comment",
      "",
      'A="x y" # behind',
      "B='$(touch /tmp/x)'",
      "export C=1",
      "A=2",
      'D="/vz/$VEID"',
      "E=",
    ].join("\r\n");
    expect([...shellAssignments(text)]).toEqual([
      ["A", "2"],
      ["B", "$(touch /tmp/x)"],
      ["C", "1"],
      ["D", "/vz/$VEID"],
      ["E", ""],
    ]);
  });
  test.each(["rm -rf /", "A=1; rm x", "A=$(id)", 'A="1', "A=1 B=2", "if true; then"])(
    "%p is no assignment",
    (line) => expect(code(() => shellAssignments(`X=1\n${line}`))).toStartWith("BAD_VALUE line 2="),
  );

  test("a configuration of user beancounters: what is allocated bounds memory", () => {
    const text = `
KMEMSIZE="14372700:14790164"
PRIVVMPAGES="65536:69632"
NUMPROC="240:240"
PHYSPAGES="0:9223372036854775807"
OOMGUARPAGES="26112:9223372036854775807"
CPUUNITS="1000"
BOOTORDER="7"
DESCRIPTION="a sample"
VE_ROOT="/vz/root/$VEID"
STRANGE="1"
`;
    const { content, leftOut } = fromOpenvz(text);
    expect(content).toMatchObject({
      description: "a sample",
      priority: 7,
      levels: { "memory.limit": "272MiB", "pids.limit": "240", "cpu.weight": "100" },
    });
    const reasons = Object.fromEntries(leftOut.map(({ name, reason }) => [name, reason]));
    expect(reasons.KMEMSIZE).toBe(OPENVZ_LEFT_OUT.KMEMSIZE!);
    expect(reasons.OOMGUARPAGES).toBe(OPENVZ_LEFT_OUT.OOMGUARPAGES!);
    expect(reasons.PRIVVMPAGES).toEndWith("taken as memory.limit");
    expect(reasons.PHYSPAGES).toBe("only counted where it is unlimited");
    expect(reasons.VE_ROOT).toBe("belongs to one container, not to a profile");
    expect(reasons.STRANGE).toBe("not known");
  });

  test("a VSwap configuration", () => {
    const { content, leftOut } = fromOpenvz(
      'PHYSPAGES="0:256M"\nSWAPPAGES="0:512M"\nKMEMSIZE="unlimited"\nCPUS="2"\nBOOTORDER=2000',
    );
    expect(content.levels).toEqual({ "memory.limit": "256M", "memory.swap": "512M", "cpu.limit": "200%" });
    expect(leftOut).toEqual([
      { name: "KMEMSIZE", value: "unlimited", reason: "asks for no limit" },
      { name: "BOOTORDER", value: "2000", reason: "not a priority of -1000 to 1000" },
    ]);
  });

  test("a number of CPUs and a lower limit: the lower one holds", () => {
    expect(fromOpenvz("CPUS=2\nCPULIMIT=50").content.levels).toEqual({ "cpu.limit": "50%" });
    expect(fromOpenvz("CPUS=2\nCPULIMIT=500").content.levels).toEqual({ "cpu.limit": "200%" });
  });

  test("any value under a name that is a level today is taken or told", () => {
    const aliases = LEVELS.flatMap(({ alias }) => (alias ? [alias.name.toUpperCase()] : []));
    expect(aliases).toContain("NUMPROC");

    fc.assert(
      fc.property(fc.constantFrom(...aliases), fc.string(), (name, value) => {
        const quoted = value.replace(/["\r\n]/g, "");
        const { content, leftOut } = fromOpenvz(`${name}="${quoted}"`);
        expect(Object.keys(content.levels).length > 0).toBe(leftOut.length === 0);
      }),
    );
  });
});

describe("files", () => {
  test("Warren's own form, as YAML and as JSON", () => {
    const yaml =
      "name: web\ndescription: a web server\npriority: 5\nlevels:\n  pids.limit: 240\n  memory.limit: 25%\n";
    const content = {
      description: "a web server",
      priority: 5,
      levels: { "pids.limit": "240", "memory.limit": "25%" },
    };
    expect(readProfile(yaml)).toEqual({ name: "web", content, leftOut: [] });
    expect(readProfile(JSON.stringify({ name: "web", ...content }))).toEqual({
      name: "web",
      content,
      leftOut: [],
    });
  });
  test.each([
    ["[1, 2]", "neither"],
    ["hello", "neither"],
    ["{", "no profile"],
    ["levels: 5", "levels is not"],
    ["levels: {pids.limit: [1]}", "pids.limit is not a text"],
    ["level: {}", 'no field "level"'],
    ["priority: 5000", "priority is not"],
    ["levels: {nothing.limit: 1}", "no level"],
  ])("%p is refused", (text, said) => expect(code(() => readProfile(text))).toContain(said));
  test("those that are shipped read well, each under the name of its file", () => {
    const dir = join(import.meta.dir, "../../packaging/profiles");
    const files = readdirSync(dir);
    expect(files).toContain("openvz-basic.yaml");
    for (const file of files) {
      const { name, content } = readProfile(readFileSync(join(dir, file), "utf8"));
      expect(`${name}.yaml`).toBe(file);
      expect(content.levels["memory.limit"]).toBeDefined();
    }
  });
  test("a name out of the file's", () => {
    expect(nameOfFile("/etc/vz/conf/ve-vswap-1g.conf-sample")).toBe("openvz-vswap-1g");
    expect(nameOfFile("101.conf")).toBe("101");
    expect(nameOfFile("x/web.yaml")).toBe("web");
  });
});
