import { describe, expect, test } from "bun:test";
import { GLOBAL_OPTIONS } from "../../src/cli/command.ts";
import { completionScript, SHELLS } from "../../src/cli/completion.ts";
import { describe as describeCommand, unknownCommand } from "../../src/cli/help.ts";
import { parse } from "../../src/cli/parse.ts";
import { renderCliReference } from "../../src/cli/reference.ts";
import { COMMANDS, find } from "../../src/cli/table.ts";
import { distance } from "../../src/spec/nearest.ts";

const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));

describe("every command", () => {
  for (const [i, name] of Object.keys(COMMANDS).entries()) {
    const command = commands[i]!;
    test(`${name} is what the table says it is`, () => {
      expect(command.name).toBe(name);
      expect(command.summary).toMatch(/^[a-z].*[^.]$/);
      expect(describeCommand(command)).toContain(`usage: warren ${name}`);
    });
    test(`${name} has options that nothing else is called`, () => {
      const keys = [
        ...Object.keys(command.options),
        ...Object.keys(command.args),
        ...Object.keys(GLOBAL_OPTIONS),
      ];
      expect(new Set(keys).size).toBe(keys.length);
      const shorts = Object.values({ ...command.options, ...GLOBAL_OPTIONS }).flatMap((o) =>
        "short" in o && o.short ? [o.short] : [],
      );
      expect(new Set(shorts).size).toBe(shorts.length);
    });
    test(`${name} has examples that its own parser takes`, () => {
      expect(command.examples.length).toBeGreaterThan(0);
      for (const [line] of command.examples) {
        const words = line.replace(/ > .*/, "").split(" ");
        expect(find(words)?.load).toBe(COMMANDS[name]!);
        expect(() => parse(command, find(words)!.rest)).not.toThrow();
      }
    });
  }
});

test("short forms lead to commands, also in groups", () => {
  expect(find(["ls"])?.load).toBe(COMMANDS.list!);
  expect(find(["image", "rm", "x"])).toEqual({ load: COMMANDS["image delete"]!, rest: ["x"] });
  expect(find(["daemon", "stop"])?.load).toBe(COMMANDS["daemon stop"]!);
  expect(find(["daemon"])?.load).toBe(COMMANDS.daemon!);
  expect(find(["toString"])).toBeUndefined();
});

test.each([
  ["lunch", 'did you mean "launch"'],
  ["lsit", 'did you mean "list"'],
  ["xyzzy", "see `warren help`"],
  ["image lits", 'did you mean "image list"'],
])("%s: %s", (line, fix) => {
  expect(unknownCommand(line.split(" "), Object.keys(COMMANDS)).fix).toBe(fix);
});

test("a group without a second word tells what there is", () => {
  expect(unknownCommand(["host"], Object.keys(COMMANDS)).fix).toBe("one of info, check, split");
});

test("distance counts swapped letters once", () => {
  expect(distance("lsit", "list")).toBe(1);
  expect(distance("", "abc")).toBe(3);
  expect(distance("abc", "abc")).toBe(0);
});

describe("completion", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, commands);
    test(`${shell}: every command and option is in the script`, () => {
      for (const command of commands) {
        expect(script).toContain(command.name);
        for (const option of Object.keys(command.options)) expect(script).toContain(option);
      }
    });
    test.skipIf(!Bun.which(shell))(`${shell}: the script is one that the shell reads`, () => {
      const noRun = shell === "fish" ? "--no-execute" : "-n";
      const { exitCode, stderr } = Bun.spawnSync([shell, noRun], { stdin: Buffer.from(script) });
      expect(stderr.toString()).toBe("");
      expect(exitCode).toBe(0);
    });
  }

  const complete = (words: readonly string[]): string[] => {
    const at = words.length - 1;
    const program = `${completionScript("bash", commands)}
warren() { [ "$1" = list ] && printf '%s\\n' web db; }
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${at}; _warren; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = Bun.spawnSync(["bash", "--norc"], { stdin: Buffer.from(program) });
    return stdout.toString().split("\n").filter(Boolean);
  };
  test.each([
    [["warren", "la"], ["launch"]],
    [["warren", "image", "ex"], ["export"]],
    [
      ["warren", "start", ""],
      ["web", "db"],
    ],
    [["warren", "-o", "json", "start", "w"], ["web"]],
    [["warren", "list", "--state", "fro"], ["frozen"]],
    [["warren", "list", "--sta"], ["--state"]],
    [["warren", "list", "-o", "y"], ["yaml"]],
    [
      ["warren", "completion", ""],
      ["bash", "zsh", "fish"],
    ],
  ])("bash offers for %p: %p", (words, offers) => {
    expect(complete(words)).toEqual(offers);
  });
});

test("the reference page has every command and every exit code", async () => {
  const page = await renderCliReference();
  for (const { name } of commands) expect(page).toContain(`\n## ${name}\n`);
  for (const code of [0, 1, 2, 3, 4, 5, 6, 70, 75]) expect(page).toContain(`\n| ${code} | `);
});
