import { expect, test } from "bun:test";
import { starterOf } from "../../src/host/lxc/text.ts";
import { atWork, isOver, takes, threadsOf } from "../../src/host/proc/text.ts";

const status = (caught: string, blocked: string) =>
  `Name:\tinit\nSigQ:\t0/1\nSigBlk:\t${blocked}\nSigIgn:\t0000000000000000\nSigCgt:\t${caught}\n`;
const NONE = "0000000000000000";

test("a signal is taken when it is caught or blocked, and by its own bit", () => {
  const USR2 = 12;
  expect(takes(status(NONE, NONE), USR2)).toBe(false);
  expect(takes(status("0000000000000800", NONE), USR2)).toBe(true);
  expect(takes(status(NONE, "0000000000000800"), USR2)).toBe(true);
  expect(takes(status("0000000000000400", "0000000000001000"), USR2)).toBe(false);
  // SIGRTMIN+4, as systemd has it, lies beyond 32 bits.
  expect(takes(status(NONE, "0000002000000000"), 38)).toBe(true);
  expect(takes("", USR2)).toBe(false);
});

test("a thread is at work when it runs or may not be woken, whatever its name says", () => {
  const stat = (state: string, name = "sh") =>
    `42 (${name}) ${state} 1 42 42 0 -1 4194560 99 0 0 0 0 0 0 0 20 0 3 0 1234 9000000 500`;
  expect(["R", "D"].map((state) => atWork(stat(state)))).toEqual([true, true]);
  expect(["S", "T", "Z", "I"].map((state) => atWork(stat(state)))).toEqual([false, false, false, false]);
  expect(atWork(stat("S", "a) R 1 ("))).toBe(false);
  expect(atWork("")).toBe(false);
  expect(["Z", "X", "S", "R"].map((state) => isOver(stat(state)))).toEqual([true, true, false, false]);
  expect(threadsOf(stat("S"))).toBe(3);
});

test("a start under way is known by its command line, and by that of its own directory only", () => {
  const words = ["/usr/bin/lxc-start", "-P", "/run/warren/lxc", "-n", "web", "-d"];
  expect(starterOf(words, "/run/warren/lxc")).toBe("web");
  expect(starterOf(words, "/run/other/lxc")).toBe(null);
  expect(starterOf(["vi", ...words.slice(1)], "/run/warren/lxc")).toBe(null);
});
