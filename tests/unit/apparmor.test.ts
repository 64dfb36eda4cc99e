/** The profile of containers. */
import { describe, expect, test } from "bun:test";
import { CLASSES, isLoaded, profileText } from "../../src/host/apparmor/text.ts";

describe("the profile", () => {
  const text = profileText("lxc-warren", "lxc-*_warren", ["userns", "mqueue"]);

  test("is one block of rules that each end with a comma", () => {
    const [head, ...rules] = text.trim().split("\n").slice(1);
    expect(head).toBe("profile lxc-warren flags=(attach_disconnected,mediate_deleted) {");
    expect(rules.pop()).toBe("}");
    expect(rules.filter((rule) => rule !== "" && !/^ {2}\S.*,$/.test(rule))).toEqual([]);
  });
  test.each([
    "  deny mount fstype=devpts,",
    "  deny @{PROC}/kcore rwklx,",
    "  userns,",
    "  mqueue,",
    '  change_profile -> ":lxc-*_warren:*",',
  ])("has %s", (rule) => expect(text.split("\n")).toContain(rule));
  test("is tried without the words that older parsers don't know", () => {
    expect(CLASSES.at(-1)).toEqual([]);
    expect(profileText("p", "s", CLASSES.at(-1)!)).not.toMatch(/userns|mqueue|io_uring/);
  });
});

test.each([
  [["lxc-warren.95", "lxc-start.33"], true],
  [["lxc-warren-xib8u4.179"], false],
  [["lxc-warren.sub.3", "lxc-warren."], false],
  [[], false],
])("among %p it is loaded: %p", (entries, loaded) => expect(isLoaded(entries, "lxc-warren")).toBe(loaded));
