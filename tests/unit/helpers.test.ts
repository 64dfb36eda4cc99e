import { expect, test } from "bun:test";
import { difference, hostState } from "../helpers/host-state.ts";
import { verdict } from "../helpers/requires.ts";

const lacks =
  (...gone: string[]) =>
  (feature: string) =>
    gone.includes(feature) ? "not installed" : null;

test("a feature that is there neither skips nor fails", () => {
  expect(verdict(["root", "lxc"], lacks("nft"), "root")).toEqual({ missing: null, fail: false });
});

test("a missing feature skips with the reason, or fails where the machine must have it", () => {
  const reason = "needs nft: not installed";
  expect(verdict(["root", "nft"], lacks("nft"), "")).toEqual({ missing: reason, fail: false });
  expect(verdict(["root", "nft"], lacks("nft"), "root, nft")).toEqual({ missing: reason, fail: true });
  expect(verdict(["nft"], lacks("nft"), "nf")).toEqual({ missing: reason, fail: false });
});

test("the difference of two host states names what is new, gone and doubled", () => {
  const before = { links: ["lo", "eth0"], nft: ["table inet a"] };
  const after = { links: ["lo", "eth0", "wr-1"], nft: [], mounts: ["/x", "/x"] };
  expect(difference(before, before)).toEqual([]);
  expect(difference(before, after)).toEqual(["links: + wr-1", "nft: - table inet a", "mounts: + /x"]);
});

test("the host's state sees a process that runs under the directory", async () => {
  const dir = `/tmp/warren-state-${process.pid}`;
  const before = hostState(dir, "no-such-tag");
  const child = Bun.spawn(["sh", "-c", "read line", dir], { stdin: "pipe" });
  const left = difference(before, hostState(dir, "no-such-tag")).filter((line) =>
    line.startsWith("processes"),
  );
  child.stdin.end();
  await child.exited;
  expect(left).toEqual([`processes: + 1 × sh -c read line ${dir}`]);
});
