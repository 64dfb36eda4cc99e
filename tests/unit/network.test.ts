import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openConnectionLimits } from "../../src/engine/door-network.ts";
import { idMap } from "../../src/host/idmap/text.ts";
import { defaultLink, routesOf } from "../../src/host/link/text.ts";
import type { Connections } from "../../src/host/nft/connections.ts";
import { renderTable } from "../../src/host/nft/text.ts";
import { addressNumber, addressText, freeAddress, overlap, parseRange } from "../../src/plan/address.ts";
import { bootOrder } from "../../src/plan/boot.ts";
import { mayRun } from "../../src/plan/queue.ts";
import { guestResolvers } from "../../src/plan/resolver.ts";
import { DEFAULT_SOURCES, parseConfig } from "../../src/spec/config.ts";
import { DEFAULT_WATCH } from "../../src/spec/watch.ts";

describe("addresses", () => {
  test.each([
    ["0.0.0.0", 0n],
    ["10.83.0.2", 173_211_650n],
    ["::", 0n],
    ["::1", 1n],
    ["fd57:7265:6e00::2", 0xfd5772656e0000000000000000000002n],
    ["256.0.0.1", null],
    ["1.2.3", null],
    ["1::2::3", null],
    ["g::", null],
    ["1:2:3:4:5:6:7:8:9", null],
  ])("%s is %p", (text, number) => expect(addressNumber(text)).toBe(number));

  test("what is printed is read back", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
        (n) => addressNumber(addressText(n, true)) === n,
      ),
    );
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
        (n) => addressNumber(addressText(n, false)) === n,
      ),
    );
  });

  test.each(["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1", "::/129"])("%s is no range", (text) =>
    expect(() => parseRange(text, "network.ipv4")).toThrow("is not an address range"),
  );

  test("a range begins at its first address", () =>
    expect(parseRange("10.83.7.9/16", "r").text).toBe("10.83.0.0/16"));

  test.each([
    ["10.0.0.0/8", "10.83.0.0/16", true],
    ["10.83.0.0/16", "10.84.0.0/16", false],
    ["10.83.0.0/16", "::/0", false],
    ["fd57::/64", "fd57::1/128", true],
  ])("%s and %s overlap: %p", (a, b, yes) =>
    expect(overlap(parseRange(a, "a"), parseRange(b, "b"))).toBe(yes),
  );

  test("the first free address is given, never the lowest or the highest", () => {
    const range = parseRange("10.0.0.0/29", "r");
    expect(freeAddress(range, new Set())).toBe("10.0.0.2");
    expect(freeAddress(range, new Set(["10.0.0.2", "10.0.0.3"]))).toBe("10.0.0.4");
    const all = new Set([2, 3, 4, 5, 6].map((n) => `10.0.0.${n}`));
    expect(freeAddress(range, all)).toBeNull();
  });
});

describe("the queue", () => {
  const waits = (id: string, ...locks: string[]) => ({ id, locks, running: false });
  const runs = (id: string, ...locks: string[]) => ({ id, locks, running: true });
  test.each([
    ["different containers side by side", [waits("1", "a"), waits("2", "b")], ["1", "2"]],
    ["the same one after the other", [waits("1", "a"), waits("2", "a")], ["1"]],
    ["not while one runs", [runs("1", "a"), waits("2", "a"), waits("3", "b")], ["3"]],
    [
      "an earlier one that waits is not overtaken",
      [runs("1", "a"), waits("2", "a", "b"), waits("3", "b")],
      [],
    ],
  ])("%s", (_, tickets, ready) => expect(mayRun(tickets)).toEqual(ready));
});

describe("resolvers for guests", () => {
  test.each([
    ["the host's", ["nameserver 9.9.9.9\nnameserver 1.1.1.1\n"], ["9.9.9.9", "1.1.1.1"]],
    ["a stub's upstream", ["nameserver 127.0.0.53\n", "nameserver 192.0.2.53\n"], ["192.0.2.53"]],
    ["none", ["# nothing\n", null], []],
    [
      "at most three",
      ["nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n"],
      ["1.1.1.1", "2.2.2.2", "3.3.3.3"],
    ],
  ])("%s", (_, texts, servers) => expect(guestResolvers(texts)).toEqual(servers));
});

describe("the host's words", () => {
  test("the default route's link", () => {
    const route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n";
    const own = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n";
    expect(defaultLink(`${route}${own}eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n`)).toBe("eth0");
    expect(defaultLink(route + own)).toBeNull();
  });
  test("routes without the default one", () =>
    expect(
      routesOf(
        '[{"dst":"default","dev":"eth0"},{"dst":"10.83.0.2","dev":"wr-0"},{"dst":"fd57::/64","dev":"x"}]',
      ),
    ).toEqual([
      { to: "10.83.0.2/32", link: "wr-0" },
      { to: "fd57::/64", link: "x" },
    ]));
  test("the id map has a place for the host's root", () =>
    expect(idMap(1_000_000)).toBe("0 1000000 65536\n65536 0 1\n"));
  test("the table holds no rule for a single container", () => {
    const table = renderTable({
      table: "warren",
      prefix: "wr-",
      range4: "10.83.0.0/16",
      range6: "fd57::/64",
    });
    expect(table).toContain('iifname "wr-*" fib saddr . iif oif missing counter drop');
    expect(table).toContain("add table inet warren\ndelete table inet warren\n");
    expect(table.match(/wr-/g)?.length).toBe(3);
  });
});

describe("config.json", () => {
  test("what is left out has its default", () =>
    expect(parseConfig("{}")).toEqual({
      network: { ipv4: null, ipv6: null, nameservers: null },
      group: "warren",
      watch: DEFAULT_WATCH,
      ...DEFAULT_SOURCES,
    }));
  test.each([
    ["{", "config.json:"],
    ['{"netwrok": {}}', "netwrok is not a known key"],
    ['{"network": {"ipv4": 5}}', "network.ipv4 is not a text"],
    ['{"network": {"nameservers": "9.9.9.9"}}', "is not a list of addresses"],
    ["[]", "is not an object"],
  ])("%s is refused", (text, message) => expect(() => parseConfig(text)).toThrow(message));
});

test("an empty host boots nothing", () => expect(bootOrder([])).toEqual([]));

describe("refused connections of a link that another container gets", () => {
  const target = { name: "b", uuid: "u", cgroup: "", pid: 1, link: "w-1", addresses: [], base: 0 };
  const drops = new Map([["w-1", 7]]);
  const begin = (forget: () => Promise<void>) =>
    openConnectionLimits({
      missing: null,
      now: () => ({ own: new Map(), drops, counted: new Map(), chains: new Set() }),
      forget,
    } as unknown as Connections);
  const fail = (door: ReturnType<typeof begin>) => door.read(target, "begun.fail");

  test("are its own, also while those of the one before are not forgotten yet", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const door = begin(() => promise);
    expect(fail(door)).toBe("7");
    door.release?.(target);
    expect(fail(door)).toBe("0");
    drops.delete("w-1");
    resolve();
    await promise;
    await Promise.resolve();
    drops.set("w-1", 2);
    expect(fail(door)).toBe("2");
  });
  test("are its own where they couldn't be forgotten", async () => {
    drops.set("w-1", 7);
    const door = begin(() => Promise.reject(new Error("nft")));
    door.release?.(target);
    await Bun.sleep(0);
    drops.set("w-1", 9);
    expect(fail(door)).toBe("2");
  });
});
