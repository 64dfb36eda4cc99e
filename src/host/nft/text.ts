/** What the table is made from. */
export interface TableConfig {
  table: string;
  /** Prefix of the host's side of every container's link. */
  prefix: string;
  range4: string;
  range6: string;
}

/**
 * The table as nft(8) reads it. `add` before `delete` makes the replacement work whether or not it is there.
 *
 * Anti-spoofing asks the routing table instead of a rule for each container: a packet from a container's link must
 * come from an address that the host would send back over the same link, which is the container's own and no other.
 * `::` is the source of duplicate address detection (RFC 4862).
 */
export function renderTable(c: TableConfig): string {
  return `add table inet ${c.table}
delete table inet ${c.table}
table inet ${c.table} {
  set ranges4 { type ipv4_addr; flags interval; elements = { ${c.range4} } }
  set ranges6 { type ipv6_addr; flags interval; elements = { ${c.range6} } }
  chain spoofing {
    type filter hook prerouting priority raw; policy accept;
    iifname "${c.prefix}*" ip6 saddr :: accept
    iifname "${c.prefix}*" fib saddr . iif oif missing counter drop
  }
  chain outside {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${c.prefix}*" accept
    ip saddr @ranges4 ip daddr != @ranges4 masquerade
    ip6 saddr @ranges6 ip6 daddr != @ranges6 masquerade
  }
}
`;
}
