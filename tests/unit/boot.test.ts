import { describe, expect, test } from "bun:test";
import { loadShare, stalled } from "../../src/host/pressure/text.ts";
import { bootOrder, bootsAtOnce } from "../../src/plan/boot.ts";

const calm = { cpu: 0, memory: 0, io: 0 };

describe("starting after a reboot of the host", () => {
  test.each([
    ["a calm host boots two for each processor", 4, calm, 8],
    ["one processor still boots two", 1, calm, 2],
    ["a busy one half as many as it has processors", 4, { ...calm, cpu: 0.6 }, 2],
    ["memory that stalls counts early", 4, { ...calm, memory: 0.06 }, 2],
    ["a drowning one goes on with one", 16, { ...calm, io: 0.9 }, 1],
  ])("%s", (_, cpus, pressure, many) => expect(bootsAtOnce(cpus, pressure)).toBe(many));

  test("higher priorities first, among equals by name", () => {
    const wanted = [
      { name: "web", priority: 0 },
      { name: "db", priority: 10 },
      { name: "app", priority: 0 },
      { name: "log", priority: -1 },
    ];
    expect(bootOrder(wanted).map((c) => c.name)).toEqual(["db", "app", "web", "log"]);
  });

  test("the kernel's totals are read line by line", () => {
    const text =
      "some avg10=0.12 avg60=0.05 avg300=0.01 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=678\n";
    expect(stalled(text, "some")).toBe(12345);
    expect(stalled(text, "full")).toBe(678);
    expect(stalled(null, "some")).toBeNull();
  });

  test.each([
    ["0.50 0.1 0.1 1/100 5", 2, 0],
    ["4.00 0.1 0.1 1/100 5", 2, 0.5],
    ["60.0 0.1 0.1 1/100 5", 2, 1],
  ])("load %s on %d processors", (text, cpus, share) => expect(loadShare(text, cpus)).toBe(share));
});
