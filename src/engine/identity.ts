import { exists, inRoot, makeParents, removeFile, writeText } from "../host/guestfs/index.ts";
import { NETWORK_SETTINGS } from "../plan/tweak.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Log } from "../spec/log.ts";
import { writeJournal } from "./identity-journal.ts";

/** What makes a container itself inside. */
export interface Identity {
  name: string;
  /** The container's own, a random UUID: the machine's id, where it is from outside (machine-id(5)). */
  uuid: string;
  addresses: readonly string[];
  resolvers: readonly string[];
  /** Host id of its root. */
  base: number;
}

export const hostsText = ({ name, addresses }: Identity): string =>
  [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
    ...addresses.map((address) => `${address}\t${name}`),
    "",
  ].join("\n");

export const resolverText = ({ resolvers }: Identity): string =>
  resolvers.map((server) => `nameserver ${server}\n`).join("");

/** The address is given from outside before init runs; what configures networks inside must leave the link alone. */
const INTERFACES = "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet manual\n";
const NETWORKD = "# Warren gives the address from outside.\n[Match]\nName=eth0\n\n[Link]\nUnmanaged=yes\n";

/**
 * Writes host name, hosts, resolver and the word that the network is set up, once, into the mounted root.
 *
 * The tree may be a hostile image's: what can't be written without following its links is left as it is.
 */
export function writeIdentity(root: string, identity: Identity, log?: Log): void {
  const owner = { mode: 0o644, uid: identity.base, gid: identity.base };
  const attempt = <T>(path: string, write: () => T): T | undefined => {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      log?.("warn", "a file of the guest could not be written", {
        container: identity.name,
        path,
        error: error.message,
      });
      return undefined;
    }
  };
  const put = (path: string, text: string): void =>
    attempt(path, () => {
      removeFile(root, path);
      writeText(root, path, text, owner);
    });
  const there = (path: string): boolean => inRoot(root, (dir) => exists(dir, path));
  if (!there("etc"))
    attempt("etc", () => inRoot(root, (dir) => makeParents(dir, "etc", { ...owner, mode: 0o755 })));
  put("etc/hostname", `${identity.name}\n`);
  put("etc/hosts", hostsText(identity));
  put("etc/resolv.conf", resolverText(identity));
  if (there("etc/network/interfaces")) put("etc/network/interfaces", INTERFACES);
  if (there("etc/systemd/network") && !there(NETWORK_SETTINGS))
    put("etc/systemd/network/00-warren-eth0.network", NETWORKD);
  if (!there("etc/machine-id")) return;
  const id = identity.uuid.replaceAll("-", "");
  const seeded = attempt("var/log/journal", () => writeJournal(root, id, identity.base));
  // Empty means: make one at the next boot (machine-id(5)).
  put("etc/machine-id", seeded ? `${id}\n` : "");
}
