import { describe, expect, test } from "bun:test";
import { bytes, duration, renderData, renderList, showBytes } from "../../src/cli/format.ts";
import { errorLine } from "../../src/cli/output.ts";
import { progressLine } from "../../src/cli/progress.ts";
import { type Column, json } from "../../src/cli/text.ts";
import { WarrenError } from "../../src/spec/errors.ts";

interface Row {
  name: string;
  addresses: string[];
  memory: number | null;
}
const columns: Record<string, Column<Row>> = {
  name: { get: (row) => row.name },
  addresses: { get: (row) => row.addresses },
  memory: { get: (row) => row.memory, show: showBytes, right: true },
};
const rows: Row[] = [
  { name: "web", addresses: ["10.0.0.2", "fd00::2"], memory: 512 * 1024 ** 2 },
  { name: "a,b", addresses: [], memory: null },
];

describe("a list", () => {
  test("is a table of aligned columns without borders", () => {
    expect(renderList("table", rows, columns)).toBe(
      "NAME  ADDRESSES          MEMORY\nweb   10.0.0.2, fd00::2  512MiB\na,b   -                       -\n",
    );
  });
  test("is CSV with base units, quoted where it must be", () => {
    expect(renderList("csv", rows, columns)).toBe(
      'name,addresses,memory\r\nweb,10.0.0.2 fd00::2,536870912\r\n"a,b",,\r\n',
    );
  });
  test("is the data itself in JSON and YAML", () => {
    expect(JSON.parse(renderList("json", rows, columns))).toEqual(rows);
    expect(Bun.YAML.parse(renderList("yaml", rows, columns))).toEqual(rows);
  });
  test("has the columns asked for, in their order", () => {
    expect(renderList("table", rows, columns, { columns: "MEMORY,name", "no-header": true })).toBe(
      "512MiB  web\n     -  a,b\n",
    );
    expect(() => renderList("csv", rows, columns, { columns: "nam" })).toThrow('there is no column "nam"');
  });
  test("without rows is a header, or an empty array", () => {
    expect(renderList("table", [], columns)).toBe("NAME  ADDRESSES  MEMORY\n");
    expect(renderList("json", [], columns)).toBe("[]\n");
  });
  test("obeys nothing that a guest wrote", () => {
    const hostile = [{ name: "\x1b[31mx\n\x9b2J", addresses: [], memory: null }];
    for (const format of ["table", "json"] as const)
      expect(renderList(format, hostile, columns).slice(0, -1).replaceAll("\n", "")).not.toMatch(
        /[\x00-\x1f\x7f-\x9f]/,
      );
    expect(renderList("csv", [{ ...hostile[0]!, name: "=1+1" }], columns)).toContain("'=1+1");
  });
});

describe("one thing", () => {
  const thing = {
    name: "web",
    idmap: { base: 1, size: 2 },
    addresses: ["a", "b"],
    levels: {},
    failure: null,
  };
  test("is a line for each field in a table and in CSV", () => {
    expect(renderData("table", thing)).toBe(
      "name:        web\nidmap.base:  1\nidmap.size:  2\naddresses:   a, b\nlevels:      -\nfailure:     -\n",
    );
    expect(renderData("csv", thing)).toStartWith("name,web\r\nidmap.base,1\r\n");
  });
  test("is the data itself in JSON and YAML", () => {
    expect(JSON.parse(renderData("json", thing))).toEqual(thing);
    expect(Bun.YAML.parse(renderData("yaml", thing))).toEqual(thing);
  });
});

test.each([
  [0, "0B"],
  [1023, "1023B"],
  [1024, "1KiB"],
  [1536, "1.5KiB"],
  [1024 ** 2 - 1, "1MiB"],
  [512 * 1024 ** 2, "512MiB"],
  [2 * 1024 ** 5 * 1024, "2048PiB"],
])("%d bytes are %s", (count, text) => expect(bytes(count)).toBe(text));

test.each([
  [0, "0s"],
  [59.9, "59s"],
  [60, "1m"],
  [312, "5m 12s"],
  [86_400, "1d"],
  [273_600, "3d 4h"],
])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

test("an error is one line, or one JSON object", () => {
  const error = new WarrenError("EXISTS", "container web\nexists", "choose another name");
  expect(errorLine("table", error)).toBe("warren: container web?exists; choose another name");
  expect(JSON.parse(errorLine("json", error))).toEqual({ ...error.body(), details: {} });
  expect(errorLine("json", error)).not.toContain("\n");
});

test("C1 controls are escaped in JSON and mean the same", () => {
  expect(json("\x9b")).toBe('"\\u009b"');
  expect(JSON.parse(json("\x7f\x9b"))).toBe("\x7f\x9b");
});

test("progress shows amounts, and no share of an unknown whole", () => {
  expect(progressLine({ step: "unpack", done: 512, total: 1024, unit: "bytes" })).toBe(
    "unpack [############------------]  50% 512B of 1KiB",
  );
  expect(progressLine({ step: "x", done: 9, total: 3, unit: "steps" })).toContain("100%");
  expect(progressLine({ step: "look", done: 0, total: 0, unit: "percent" })).toBe("look");
});
