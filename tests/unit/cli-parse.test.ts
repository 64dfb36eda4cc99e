import { describe, expect, test } from "bun:test";
import { command } from "../../src/cli/command.ts";
import { pairs, parse } from "../../src/cli/parse.ts";

const handler = async (): Promise<undefined> => undefined;
const text = { summary: "", description: "", examples: [] };
const options = {
  force: { short: "f", help: "" },
  timeout: { short: "t", value: "S", number: true, help: "" },
  set: { value: "K=V", many: true, help: "" },
  kind: { value: "KIND", choices: ["a", "b"], help: "" },
} as const;
const plain = command({ name: "stop", ...text, args: { name: { many: true, help: "" } }, options, handler });
const rest = command({
  name: "exec",
  ...text,
  args: { name: { help: "" }, cmd: { rest: true, help: "" } },
  options: { tty: { short: "t", help: "" }, user: { short: "u", value: "U", help: "" } },
  handler,
});
const push = command({
  name: "push",
  ...text,
  args: { source: { many: true, help: "" }, target: { help: "" } },
  options: {},
  handler,
});
const optional = command({
  name: "get",
  ...text,
  args: { name: { help: "" }, key: { many: true, optional: true, help: "" } },
  options: {},
  handler,
});

describe("parse", () => {
  test("options stand anywhere, in every form", () => {
    const values = parse(plain, ["a", "-ft5", "--set", "k=v", "b", "--set=x=y=z", "-o", "json"]);
    expect(values).toEqual({
      name: ["a", "b"],
      force: true,
      timeout: 5,
      set: ["k=v", "x=y=z"],
      output: "json",
    });
    expect(parse(plain, ["a", "--timeout=0.5"]).timeout).toBe(0.5);
    expect(parse(plain, ["a", "-t", "7"]).timeout).toBe(7);
  });

  test("what stands behind -- is a word", () => {
    expect(parse(plain, ["a", "--", "-f", "--set"])).toEqual({ name: ["a", "-f", "--set"], set: [] });
  });

  test("a command line for someone else is kept as it stands", () => {
    expect(parse(rest, ["web", "-t", "--", "ls", "-t", "--", "-o", "json"])).toEqual({
      tty: true,
      name: "web",
      cmd: ["ls", "-t", "--", "-o", "json"],
    });
    expect(parse(rest, ["-u", "0", "web", "ls", "-u"])).toEqual({
      user: "0",
      name: "web",
      cmd: ["ls", "-u"],
    });
    expect(parse(rest, ["web", "-u", "0", "ls", "--", "x"])).toEqual({
      user: "0",
      name: "web",
      cmd: ["ls", "--", "x"],
    });
  });

  test("an argument behind many takes the last word", () => {
    expect(parse(push, ["a", "b", "web/x"])).toEqual({ source: ["a", "b"], target: "web/x" });
    expect(parse(optional, ["web"])).toEqual({ name: "web", key: [] });
    expect(parse(optional, ["web", "a", "b"])).toEqual({ name: "web", key: ["a", "b"] });
  });

  test("help wins over what is missing", () => expect(parse(push, ["-h"]).help).toBe(true));

  for (const [argv, says] of [
    [["a", "--frce"], "there is no option --frce"],
    [["a", "-x"], "there is no option -x"],
    [["a", "--constructor"], "there is no option --constructor"],
    [["a", "--timeout"], "--timeout needs a value"],
    [["a", "-t", "x"], '-t needs a number, not "x"'],
    [["a", "-t", "-1"], '-t needs a number, not "-1"'],
    [["a", "--force=yes"], "--force takes no value"],
    [["a", "--kind", "c"], '--kind can\'t be "c", only a, b'],
    [["a", "-o", "xml"], '-o can\'t be "xml", only table, json, yaml, csv'],
    [[], "NAME is missing"],
  ] as const)
    test(`warren stop ${argv.join(" ")} is refused: ${says}`, () => {
      expect(() => parse(plain, argv)).toThrow(expect.objectContaining({ code: "USAGE", message: says }));
    });

  test("one word too many is refused", () => {
    const single = command({ name: "info", ...text, args: { name: { help: "" } }, options: {}, handler });
    expect(() => parse(single, ["a", "b"])).toThrow('"b" is one word too many');
  });
});

test("pairs keep what is behind the first =, and refuse what is no pair or comes twice", () => {
  expect(pairs(["a=1", "b=", "c=x=y"], "a level")).toEqual({ a: "1", b: "", c: "x=y" });
  expect(() => pairs(["a"], "a level")).toThrow('"a" is not a level');
  expect(() => pairs(["=1"], "a level")).toThrow('"=1" is not a level');
  expect(() => pairs(["a=1", "a=2"], "a level")).toThrow('"a" is given twice');
});
