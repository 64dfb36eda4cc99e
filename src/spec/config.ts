import { WarrenError } from "./errors.ts";
import { DEFAULT_WATCH, parseWatch, type WatchConfig } from "./watch.ts";

/** What the operator may write into `config.json` in the configuration directory; everything has a default. */
export interface Config {
  network: {
    /** Range that containers get their IPv4 address from, `ADDRESS/LENGTH`; `null`: one that is free on this host. */
    ipv4: string | null;
    /** The same for IPv6. */
    ipv6: string | null;
    /** Resolvers for guests; `null`: the host's own upstream ones. */
    nameservers: string[] | null;
  };
  /** Group that may use the socket, if it exists. */
  group: string;
  /** What containers are watched for. */
  watch: WatchConfig;
}

export const DEFAULT_CONFIG: Config = {
  network: { ipv4: null, ipv6: null, nameservers: null },
  group: "warren",
  watch: DEFAULT_WATCH,
};

const bad = (key: string, want: string): WarrenError =>
  new WarrenError("BAD_VALUE", `config.json: ${key} is not ${want}`, "correct it or take it out");

/** Reads the text of `config.json`; an unknown key or a value of the wrong kind is BAD_VALUE. */
export function parseConfig(text: string): Config {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new WarrenError("BAD_VALUE", `config.json: ${(error as Error).message}`, "write JSON");
  }
  const top = members(raw, "config.json", ["network", "group", "watch"]);
  const network = members(top.network ?? {}, "network", ["ipv4", "ipv6", "nameservers"]);
  const string = (value: unknown, key: string): string | null => {
    if (value === undefined || value === null) return null;
    if (typeof value === "string") return value;
    throw bad(key, "a text");
  };
  const servers = network.nameservers ?? null;
  if (servers !== null && !(Array.isArray(servers) && servers.every((s) => typeof s === "string")))
    throw bad("network.nameservers", "a list of addresses");
  return {
    network: {
      ipv4: string(network.ipv4, "network.ipv4"),
      ipv6: string(network.ipv6, "network.ipv6"),
      nameservers: servers as string[] | null,
    },
    group: string(top.group, "group") ?? DEFAULT_CONFIG.group,
    watch: parseWatch(top.watch ?? {}, members, bad),
  };
}

function members(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(what, "an object");
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange !== undefined) throw bad(`${what}.${strange}`, `a known key (${known.join(", ")})`);
  return value as Record<string, unknown>;
}
