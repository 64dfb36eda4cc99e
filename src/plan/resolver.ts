/**
 * Resolvers a guest can reach, from the host's resolv.conf texts, the likelier one first: one on a loopback address
 * (systemd-resolved's 127.0.0.53) is the host's own and no use to a guest.
 */
export function guestResolvers(texts: readonly (string | null)[]): string[] {
  for (const text of texts) {
    const servers = [...(text ?? "").matchAll(/^\s*nameserver\s+([0-9a-fA-F:.]+)\s*$/gm)].map((m) => m[1]!);
    const useful = servers.filter((s) => !s.startsWith("127.") && s !== "::1" && !/^fe80:/i.test(s));
    if (useful.length > 0) return useful.slice(0, 3);
  }
  return [];
}
