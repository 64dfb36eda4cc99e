/**
 * One daemon's place on a host. Several daemons live side by side, each with its own state directory; everything
 * they name on the host (cgroups, links, nft tables, claims) carries their tag.
 */
export interface Instance {
  /** Empty for the default instance, else six characters made from the directory. */
  readonly tag: string;
  /** Records, images, containers; survives a reboot of the host. */
  readonly state: string;
  /** Socket, mounts, LXC's run-time configuration; gone after a reboot of the host. */
  readonly run: string;
  /** Configuration written by the operator. */
  readonly etc: string;
  /** The API's unix socket. */
  readonly socket: string;
}

/** FNV-1a, 32 bits: enough to tell a host's few state directories apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

/** The instance for `WARREN_DIR` (absolute, or empty for the default one). */
export function instanceOf(dir: string | undefined): Instance {
  if (!dir) {
    const run = "/run/warren";
    return { tag: "", state: "/var/lib/warren", run, etc: "/etc/warren", socket: `${run}/warren.sock` };
  }
  const root = dir.replace(/\/+$/, "");
  const tag = hash(root).toString(36).padStart(7, "0").slice(-6);
  const run = `${root}/run`;
  return { tag, state: `${root}/lib`, run, etc: `${root}/etc`, socket: `${run}/warren.sock` };
}

/** Names on the host that carry the tag. */
export const cgroupTop = (i: Instance): string => (i.tag ? `warren-${i.tag}` : "warren");
export const monitorTop = (i: Instance): string => `${cgroupTop(i)}.monitor`;
export const nftTable = (i: Instance): string => (i.tag ? `warren-${i.tag}` : "warren");
/** Prefix of host-side links; with the slot behind it, at most 15 characters (IFNAMSIZ - 1). */
export const linkPrefix = (i: Instance): string => (i.tag ? `w${i.tag}-` : "wr-");
