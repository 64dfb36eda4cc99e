import { readFileSync } from "node:fs";
import type { Claims } from "../host/claim/index.ts";
import { advertisedLinks, getSwitch, outsideMtu, routes, setSwitch } from "../host/link/index.ts";
import { type Connections, openConnections } from "../host/nft/connections.ts";
import { install, remove } from "../host/nft/index.ts";
import { shapingMissing } from "../host/shape/index.ts";
import { addressNumber, freeAddress, overlap, parseRange, type Range } from "../plan/address.ts";
import { guestResolvers } from "../plan/resolver.ts";
import type { Config } from "../spec/config.ts";
import { WarrenError } from "../spec/errors.ts";
import { type Instance, linkPrefix, nftTable } from "../spec/instance.ts";
import { COMMON_CONNECTIONS } from "../spec/levels/network.ts";
import type { Log } from "../spec/log.ts";
import type { Store } from "../store/index.ts";

/** The routed network of one instance. */
export interface Network {
  mtu(): number;
  range4: Range;
  range6: Range;
  resolvers(): string[];
  /** One free IPv4 and one free IPv6 address. Throws REFUSED when the range is used up. */
  allocate(): string[];
  /** Limits on the containers' connections. */
  connections: Connections;
  /** Why this kernel can't limit rates, or `null`. */
  noRates: string | null;
  /** Takes the tables away; to be called when no container runs. */
  teardown(): Promise<void>;
}

/** How many ranges are tried before giving up; each instance begins at its own number. */
const CANDIDATES = 100;

/** Puts forwarding, masquerade and anti-spoofing in force. `number` makes two instances' ranges differ. */
export async function createNetwork(deps: {
  instance: Instance;
  config: Config;
  store: Store;
  claims: Claims;
  number: number;
  log: Log;
}): Promise<Network> {
  const { instance, config, store, claims, log } = deps;
  const prefix = linkPrefix(instance);
  const others = (await routes()).filter((r) => !r.link.startsWith(prefix)).flatMap(({ to }) => asRange(to));
  const choose = (key: "ipv4" | "ipv6", candidate: (n: number) => string): Range => {
    const wanted = config.network[key] ?? store.settings.get(`network.${key}`);
    if (wanted) {
      const range = parseRange(wanted, `network.${key}`);
      const clash = others.find((other) => overlap(range, other) && other.size < range.size * 256n);
      if (clash)
        log("warn", "the container range overlaps a route of the host", {
          range: range.text,
          route: clash.text,
        });
      return range;
    }
    for (let i = 0; i < CANDIDATES; i++) {
      const range = parseRange(candidate((deps.number + i) % CANDIDATES), `network.${key}`);
      if (others.some((other) => overlap(range, other))) continue;
      store.settings.set(`network.${key}`, range.text);
      return range;
    }
    throw new WarrenError(
      "REFUSED",
      `no free ${key} range was found on this host`,
      `set network.${key} in config.json`,
    );
  };
  const range4 = choose("ipv4", (n) => `10.${83 + n}.0.0/16`);
  const range6 = choose("ipv6", (n) => `fd57:7265:6e00:${n.toString(16)}::/64`);
  if (range4.six || !range6.six)
    throw new WarrenError(
      "BAD_VALUE",
      "config.json: network.ipv4 or network.ipv6 is of the other family",
      "exchange them",
    );

  forward(claims);
  const table = nftTable(instance);
  await install({ table, prefix, range4: range4.text, range6: range6.text });
  const [connections, noRates] = await Promise.all([
    openConnections({ table: `${table}-connections`, prefix, most: COMMON_CONNECTIONS }),
    shapingMissing(`${prefix}probe`),
  ]);

  return {
    mtu: outsideMtu,
    range4,
    range6,
    resolvers: () =>
      config.network.nameservers ??
      guestResolvers(["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"].map(text)),
    allocate() {
      const taken = new Set(store.containers.list().flatMap((c) => c.addresses));
      return [range4, range6].map((range) => {
        const address = freeAddress(range, taken);
        if (address) return address;
        throw new WarrenError(
          "REFUSED",
          `every address of ${range.text} is given out`,
          "widen the range in config.json",
        );
      });
    },
    connections,
    noRates,
    async teardown() {
      await Promise.all([remove(table), connections.teardown()]);
    },
  };
}

const text = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

const asRange = (to: string): Range[] =>
  addressNumber(to.split("/")[0]!) === null ? [] : [parseRange(to, "route")];

/** Turns forwarding on, remembering what was; a host that takes its address from advertisements goes on doing so. */
function forward(claims: Claims): void {
  const set = (name: string, value: string): void => {
    const old = getSwitch(name);
    if (old === null || old === value) return;
    claims.remember(name, old);
    setSwitch(name, value);
  };
  // With forwarding on, the kernel ignores router advertisements unless accept_ra is 2 (ip-sysctl.rst).
  for (const link of getSwitch("ipv6/conf/all/forwarding") === "0" ? advertisedLinks() : [])
    set(`ipv6/conf/${link}/accept_ra`, "2");
  set("ipv6/conf/all/forwarding", "1");
  set("ipv4/ip_forward", "1");
}
