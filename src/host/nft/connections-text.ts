/** What the table of connection limits is made from. */
export interface ConnectionTable {
  table: string;
  /** Prefix of the host's side of every container's link. */
  prefix: string;
  /** The limit of containers that have none of their own. */
  most: number;
}

const chainOf = (most: number): string => `limit-${most}`;
const setOf = (most: number): string => `at-${most}`;

/**
 * What one limit needs, however many containers have it. An element of the set counts the connections of one link, and
 * the packets that were dropped for there were too many.
 */
const limitLines = (table: string, most: number): string[] => [
  `add set inet ${table} ${setOf(most)} { type ifname; size 65535; flags dynamic; }`,
  `add chain inet ${table} ${chainOf(most)}`,
];
const ruleLine = (table: string, most: number): string =>
  `add rule inet ${table} ${chainOf(most)} update @${setOf(most)} { iifname ct count over ${most} counter } drop`;

/** The rule that makes the table known again as the one `tableLines` makes. */
const lastRule = ({ prefix, most }: ConnectionTable): string => `iifname "${prefix}*" goto ${chainOf(most)}`;

/**
 * The table. Between connection tracking (-200) and the choice of a way, so that a dropped packet's connection is never
 * kept; only first packets are looked at.
 */
export function tableLines(c: ConnectionTable): string {
  const { table, most } = c;
  return `${[
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `add table inet ${table}`,
    `add map inet ${table} own { type ifname : verdict; size 65535; }`,
    ...limitLines(table, most),
    ruleLine(table, most),
    `add chain inet ${table} begun { type filter hook prerouting priority mangle; policy accept; }`,
    `add rule inet ${table} begun ct state != new accept`,
    `add rule inet ${table} begun iifname vmap @own`,
    `add rule inet ${table} begun ${lastRule(c)}`,
  ].join("\n")}\n`;
}

/** Whether a listing shows the table that `tableLines` makes. */
export const isTable = (listing: string, c: ConnectionTable): boolean =>
  listing.includes(lastRule(c)) &&
  listing.includes(ruleLine(c.table, c.most).split(` ${chainOf(c.most)} `)[1]!);

/** What a listing says of limits. */
export interface ConnectionLimits {
  /** Links with a limit of their own; `null` is none. */
  own: Map<string, number | null>;
  /** Packets dropped by link. */
  drops: Map<string, number>;
  /** Limits under which connections of a link are or were counted. */
  counted: Map<string, Set<number>>;
  /** Limits that have their chain. */
  chains: Set<number>;
}

/** Reads what `nft list table` prints (nft(8)). */
export function limitsOf(listing: string): ConnectionLimits {
  const own = new Map<string, number | null>();
  for (const [, link, most] of listing.matchAll(/"([^"]+)" : (?:goto limit-(\d+)|accept)/g))
    own.set(link!, most === undefined ? null : Number(most));
  const drops = new Map<string, number>();
  const counted = new Map<string, Set<number>>();
  for (const [, link, most, packets] of listing.matchAll(
    /"([^"]+)" ct count over (\d+) counter packets (\d+)/g,
  )) {
    drops.set(link!, (drops.get(link!) ?? 0) + Number(packets));
    counted.set(link!, (counted.get(link!) ?? new Set()).add(Number(most)));
  }
  const chains = new Set([...listing.matchAll(/chain limit-(\d+) \{/g)].map(([, most]) => Number(most)));
  return { own, drops, counted, chains };
}

/** Gives links a limit of their own: `undefined` is the one of all, `null` none. `now` is what is there. */
export function limitBatch(
  { table, most: common }: ConnectionTable,
  links: ReadonlyMap<string, number | null | undefined>,
  now: ConnectionLimits,
): string {
  const lines: string[] = [];
  const own = new Map(now.own);
  for (const [link, most] of links) {
    if (typeof most === "number" && !now.chains.has(most))
      lines.push(
        ...limitLines(table, most),
        `flush chain inet ${table} ${chainOf(most)}`,
        ruleLine(table, most),
      );
    if (own.delete(link)) lines.push(`delete element inet ${table} own { "${link}" }`);
    if (most === undefined) continue;
    own.set(link, most);
    const verdict = most === null ? "accept" : `goto ${chainOf(most)}`;
    lines.push(`add element inet ${table} own { "${link}" : ${verdict} }`);
  }
  const used = new Set([common, ...own.values()]);
  for (const most of now.chains)
    if (!used.has(most))
      lines.push(
        `flush chain inet ${table} ${chainOf(most)}`,
        `delete chain inet ${table} ${chainOf(most)}`,
        `delete set inet ${table} ${setOf(most)}`,
      );
  return lines.map((line) => `${line}\n`).join("");
}

/** What is in force after a `limitBatch`. What was counted under a limit that went is gone with it. */
export function limitedBy(
  { most: common }: ConnectionTable,
  links: ReadonlyMap<string, number | null | undefined>,
  now: ConnectionLimits,
): ConnectionLimits {
  const own = new Map(now.own);
  for (const [link, most] of links) {
    if (most === undefined) own.delete(link);
    else own.set(link, most);
  }
  const chains = new Set([...own.values()].filter((most) => most !== null));
  return { ...now, own, chains: chains.add(common) };
}

/** Forgets what was counted of links that are gone. */
export function forgetBatch(table: string, links: readonly string[], now: ConnectionLimits): string {
  return links
    .filter((link) => now.counted.has(link))
    .flatMap((link) =>
      [...(now.counted.get(link) ?? [])].map(
        (most) => `delete element inet ${table} ${setOf(most)} { "${link}" }\n`,
      ),
    )
    .join("");
}

/** How many connections each address began, in /proc/net/nf_conntrack: `... src=ADDRESS dst=... [...] src=...`. */
export function countFrom(conntrack: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, address] of conntrack.matchAll(/^.*? src=(\S+)/gm))
    found.set(address!, (found.get(address!) ?? 0) + 1);
  return found;
}

/** An address as /proc/net/nf_conntrack writes it: IPv6 in full. */
export function trackedAddress(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const words = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const [front, back] = [words(head), words(tail)];
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => "0");
  return [...front, ...zeros, ...back].map((word) => word.padStart(4, "0")).join(":");
}
