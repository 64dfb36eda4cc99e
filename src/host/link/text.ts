/** The link of the IPv4 default route in /proc/net/route (fields by tabs, the destination in hex). */
export function defaultLink(route: string): string | null {
  for (const line of route.split("\n").slice(1)) {
    const [link, destination, , , , , , mask] = line.split("\t");
    if (destination === "00000000" && mask === "00000000") return link ?? null;
  }
  return null;
}

/** Routes printed by `ip -j route`, without the default ones. */
export function routesOf(json: string): { to: string; link: string }[] {
  const rows = (json.trim() ? JSON.parse(json) : []) as { dst?: string; dev?: string }[];
  return rows
    .filter((row) => row.dst && row.dst !== "default")
    .map((row) => {
      const to = row.dst!.includes("/") ? row.dst! : `${row.dst}/${row.dst!.includes(":") ? 128 : 32}`;
      return { to, link: row.dev ?? "" };
    });
}

/** Bytes a link took in and gave out. */
export interface LinkBytes {
  in: number;
  out: number;
}

/** Counters of /proc/net/dev (proc_pid_net(5)) by link, of those whose name begins with `prefix`. */
export function bytesOf(text: string, prefix: string): Map<string, LinkBytes> {
  const found = new Map<string, LinkBytes>();
  for (const line of text.split("\n")) {
    const cut = line.indexOf(":");
    const name = line.slice(0, cut).trim();
    if (cut < 0 || !name.startsWith(prefix)) continue;
    const fields = line
      .slice(cut + 1)
      .trim()
      .split(/ +/);
    found.set(name, { in: Number(fields[0]), out: Number(fields[8]) });
  }
  return found;
}
