import { WarrenError } from "./errors.ts";
import { DEFAULT_WATCH, parseWatch, type WatchConfig } from "./watch.ts";

/** What the operator may write into `config.json` in the configuration directory; everything has a default. */
export interface Config extends ImageSources {
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

/** Servers that images are fetched from: `registries` and `imageServers` of config.json. */
export interface ImageSources {
  registries: {
    /** Hosts (`localhost:5000`) that may do without a certificate, or without TLS. */
    insecure: string[];
  };
  /** Addresses of simplestreams servers by the name people write before the colon, `lxc`. */
  imageServers: Record<string, string>;
}

export const DEFAULT_SOURCES: ImageSources = {
  registries: { insecure: [] },
  imageServers: { lxc: "https://images.linuxcontainers.org" },
};

export const DEFAULT_CONFIG: Config = {
  network: { ipv4: null, ipv6: null, nameservers: null },
  group: "warren",
  watch: DEFAULT_WATCH,
  ...DEFAULT_SOURCES,
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
  const top = members(raw, "config.json", ["network", "group", "watch", "registries", "imageServers"]);
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
    ...parseSources(top.registries ?? {}, top.imageServers ?? {}),
  };
}

function parseSources(registries: unknown, imageServers: unknown): ImageSources {
  const { insecure = [] } = members(registries, "registries", ["insecure"]);
  if (!Array.isArray(insecure) || !insecure.every((host) => typeof host === "string"))
    throw bad("registries.insecure", "a list of hosts");
  if (typeof imageServers !== "object" || imageServers === null || Array.isArray(imageServers))
    throw bad("imageServers", "an object");
  for (const [name, address] of Object.entries(imageServers)) {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name) || name === "docker" || name === "sha256")
      throw bad(`imageServers.${name}`, "a free name (lower-case letters, digits, hyphens)");
    if (typeof address !== "string" || !isServer(address))
      throw bad(`imageServers.${name}`, "an https address (http only for this host itself)");
  }
  return { registries: { insecure }, imageServers: { ...DEFAULT_SOURCES.imageServers, ...imageServers } };
}

function isServer(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
}

/** Whether an address means this host itself. */
export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);

function members(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(what, "an object");
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange !== undefined) throw bad(`${what}.${strange}`, `a known key (${known.join(", ")})`);
  return value as Record<string, unknown>;
}
