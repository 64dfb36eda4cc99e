/** Texts of tc, nft and /proc that limits of processes and of the network are made of and read from. */
import { expect, test } from "bun:test";
import {
  countFrom,
  forgetBatch,
  isTable,
  limitBatch,
  limitedBy,
  limitsOf,
  tableLines,
  trackedAddress,
} from "../../src/host/nft/connections-text.ts";
import { largestUse, processUse } from "../../src/host/prlimit/text.ts";
import { failedLines, leadLines, shapeLine, shapesOf } from "../../src/host/shape/text.ts";
import { levelRow, levelValue } from "../../src/spec/level-request.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import { HOST } from "../helpers/levels.ts";

test.each([
  [8000, "tbf rate 8000bit burst 32768b limit 32868b"],
  [20_000_000, "tbf rate 20000000bit burst 32768b limit 282768b"],
  [1_000_000_000, "tbf rate 1000000000bit burst 250000b limit 12750000b"],
  [null, "noqueue"],
])("a rate of %p as tc reads it", (rate, text) => {
  expect(shapeLine("wr-1", rate)).toBe(`qdisc replace dev wr-1 root ${text}`);
});

test("a link as tc shows it, and the device that its other way leads through", () => {
  const tbf = (rate: number) => ({ kind: "tbf", root: true, options: { rate }, drops: 7 });
  const free = { kind: "noqueue", root: true, options: {} };
  const json = (...devices: object[][]) => devices.map((rows) => `${JSON.stringify(rows)}\n`).join("\n");
  const none = { rate: null, drops: 0 };
  const some = { rate: 20_000_000, drops: 7 };
  expect(shapesOf(json([tbf(2_500_000)]))).toEqual({ out: some, in: none, leads: false });
  expect(shapesOf(json([free, { kind: "ingress" }], [tbf(2_500_000)]))).toEqual({
    out: none,
    in: some,
    leads: true,
  });
  expect(shapesOf(json([free], [tbf(2_500_000)]))).toEqual({ out: none, in: none, leads: false });
  expect(shapesOf("")).toEqual({ out: none, in: none, leads: false });
});

test("lines of a batch that failed, and what is led where", () => {
  const said = "Error: Specified qdisc kind is unknown.\nCommand failed -:1\nError: x\nCommand failed -:3\n";
  expect(failedLines(said)).toEqual([1, 3]);
  expect(leadLines("wr-1", "wr-1i")[1]).toContain("dev wr-1 ingress");
  expect(leadLines("wr-1", "wr-1i")[1]).toEndWith("redirect dev wr-1i");
});

const TABLE = { table: "warren-connections", prefix: "wr-", most: 16_384 };
const LISTING = `table inet warren-connections {
	map own {
		type ifname : verdict
		size 65535
		elements = { "wr-1" : goto limit-500,
			     "wr-2" : accept }
	}
	set at-500 {
		type ifname
		size 65535
		flags dynamic
		elements = { "wr-1" ct count over 500 counter packets 15 bytes 435 }
	}
	set at-16384 {
		type ifname
		elements = { "wr-1" ct count over 16384 counter packets 2 bytes 60, "wr-3" ct count over 16384 counter packets 0 bytes 0 }
	}
	chain limit-16384 {
		update @at-16384 { iifname ct count over 16384 counter } drop
	}
	chain limit-500 {
		update @at-500 { iifname ct count over 500 counter } drop
	}
	chain begun {
		type filter hook prerouting priority mangle; policy accept;
		ct state != new accept
		iifname vmap @own
		iifname "wr-*" goto limit-16384
	}
}
`;

test("the table of connections as nft lists it is known again, and read", () => {
  expect(isTable(LISTING, TABLE)).toBe(true);
  expect(isTable(LISTING, { ...TABLE, most: 500 })).toBe(false);
  expect(isTable("", TABLE)).toBe(false);
  const { own, drops, chains } = limitsOf(LISTING);
  expect([...own]).toEqual([
    ["wr-1", 500],
    ["wr-2", null],
  ]);
  expect([...drops]).toEqual([
    ["wr-1", 17],
    ["wr-3", 0],
  ]);
  expect([...chains].toSorted()).toEqual([16_384, 500]);
});

test("the table has one rule for all containers", () => {
  expect(tableLines(TABLE).match(/^add rule/gm)?.length).toBe(4);
  expect(tableLines(TABLE)).toContain("update @at-16384 { iifname ct count over 16384 counter } drop");
});

const change = (most: number | null | undefined, link = "wr-1") =>
  limitBatch(TABLE, new Map([[link, most]]), limitsOf(LISTING))
    .trim()
    .split("\n")
    .filter(Boolean);

test("a limit of one's own is an element, and a chain that nobody needs any more goes", () => {
  expect(change(500, "wr-9")).toEqual([
    'add element inet warren-connections own { "wr-9" : goto limit-500 }',
  ]);
  expect(change(null, "wr-9")).toEqual(['add element inet warren-connections own { "wr-9" : accept }']);
  expect(change(undefined, "wr-9")).toEqual([]);
  const lines = change(600);
  expect(lines).toContain(
    "add rule inet warren-connections limit-600 update @at-600 { iifname ct count over 600 counter } drop",
  );
  expect(lines.indexOf('delete element inet warren-connections own { "wr-1" }')).toBeLessThan(
    lines.indexOf('add element inet warren-connections own { "wr-1" : goto limit-600 }'),
  );
  expect(lines.slice(-3)).toEqual([
    "flush chain inet warren-connections limit-500",
    "delete chain inet warren-connections limit-500",
    "delete set inet warren-connections at-500",
  ]);
  expect(change(undefined)).toHaveLength(4);
});

test("what was counted of a link that is gone is forgotten everywhere", () => {
  const lines = forgetBatch(TABLE.table, ["wr-1", "wr-8"], limitsOf(LISTING)).trim().split("\n");
  expect(lines.toSorted()).toEqual([
    'delete element inet warren-connections at-16384 { "wr-1" }',
    'delete element inet warren-connections at-500 { "wr-1" }',
  ]);
});

test("what a change leaves in force is known without asking", () => {
  const before = limitsOf(LISTING);
  for (const links of [
    new Map([["wr-9", 500]]),
    new Map([["wr-1", null]]),
    new Map([["wr-1", undefined]]),
    new Map([["wr-1", 600]]),
  ]) {
    const after = limitedBy(TABLE, links, before);
    // A second change from there needs nothing that the first has done.
    expect(limitBatch(TABLE, new Map(), after)).toBe("");
    for (const [link, most] of links) expect(after.own.get(link)).toBe(most);
    expect(after.chains.has(TABLE.most)).toBe(true);
  }
});
test("connections are counted for who began them, IPv6 as the kernel writes it", () => {
  const six = "fd57:7265:6e00:0018:0000:0000:0000:0002";
  const text = `ipv4 2 tcp 6 60 TIME_WAIT src=10.83.0.2 dst=192.0.2.1 sport=1 dport=80 src=192.0.2.1 dst=10.83.0.2 sport=80 dport=1 use=2
ipv4 2 udp 17 29 src=192.0.2.1 dst=10.83.0.2 sport=1 dport=2 [UNREPLIED] src=10.83.0.2 dst=192.0.2.1 sport=2 dport=1 use=2
ipv6 10 tcp 6 9 SYN_SENT src=${six} dst=${six} sport=1 dport=80 [UNREPLIED] src=${six} dst=${six} use=2
`;
  const counts = countFrom(text);
  expect(counts.get("10.83.0.2")).toBe(1);
  expect(counts.get(trackedAddress("fd57:7265:6e00:18::2"))).toBe(1);
  expect(trackedAddress("10.83.0.2")).toBe("10.83.0.2");
  expect(trackedAddress("::1")).toBe("0000:0000:0000:0000:0000:0000:0000:0001");
});

test("the largest use of one process, and of one user where the limit is a user's", () => {
  const status = (uid: number, threads: number, locked: number) =>
    processUse(
      `Name:\tx\nUid:\t${uid}\t0\t0\t0\nVmSize:\t  900 kB\nVmLck:\t ${locked} kB\nVmStk:\t 132 kB\nThreads:\t${threads}\nSigQ:\t3/100\n`,
    );
  const use = largestUse([
    { ...status(1, 4, 8), nofile: 10 },
    { ...status(2, 5, 0), nofile: 70 },
    { ...status(1, 3, 4), nofile: 20 },
  ]);
  expect(use).toEqual({
    nofile: 70,
    memlock: 8192,
    stack: 132 * 1024,
    as: 900 * 1024,
    sigpending: 3,
    nproc: 7,
  });
  expect(largestUse([])).toMatchObject({ nofile: 0, nproc: 0 });
});

test("a host that can't raise limits refuses what is above its own, and lets the rest wait", () => {
  const host = { ...HOST, raises: false, rlimits: { nofile: 20_000 }, oomScore: 100 };
  const nofile = levelRow("rlimit.nofile");
  expect(() => levelValue(nofile, "20001", host)).toThrow("above the daemon's own hard limit, 20000");
  expect(levelValue(nofile, "20000", host)).toBe(20_000);
  expect(levelValue(nofile, "20001", HOST)).toBe(20_001);
  expect(nofile.later?.(1000, 2000, host)).toContain("CAP_SYS_RESOURCE");
  expect(nofile.later?.(2000, 1000, host)).toBe(null);
  expect(nofile.later?.(20_000, null, host)).toBe(null);
  expect(nofile.later?.(1000, null, host)).not.toBe(null);
  expect(nofile.later?.(1000, 2000, HOST)).toBe(null);
  expect(() => levelValue(levelRow("oom.priority"), "99", host)).toThrow("below the daemon's own, 100");
  expect(levelValue(levelRow("oom.priority"), "-1000", HOST)).toBe(-1000);
});

test("every limit of processes and the network says what it does in both dialects", () => {
  const keys = LEVELS.map(({ key }) => key).filter((key) => /^(?:rlimit|net|oom\.priority)/.test(key));
  expect(keys).toHaveLength(12);
  for (const key of keys) expect(Object.keys(levelRow(key).ways)).toEqual(["v1", "v2"]);
});
