import { closeSync, constants, readdirSync, readlinkSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { exists, inRoot, opened, removeFile, writeText } from "../guestfs/index.ts";

/** What makes one machine out of many: written anew by each, or with each container's first start. */
const OWN = ["var/lib/systemd/random-seed", "etc/hostname", "etc/resolv.conf"];
/** Where it is the usual link to the system's, it is nobody's own. */
const DBUS_ID = "var/lib/dbus/machine-id";
const SSH_KEY = /^ssh_host_.*_key(\.pub)?$/;

/**
 * Takes out of a tree what belongs to one machine only: its id, name, seed and, unless told, its SSH host keys. Answers how
 * many keys went. The tree is a guest's: what can't be reached without following its links out stays.
 */
export function makeAnonymous(root: string, o: { keepSshKeys: boolean }): number {
  for (const path of OWN) attempt(() => removeFile(root, path));
  attempt(() => {
    if (linkAt(root, DBUS_ID) !== "/etc/machine-id") removeFile(root, DBUS_ID);
  });
  // Empty means: make one at the next boot (machine-id(5)); without the file the first boot would count as an installation.
  if (inRoot(root, (dir) => exists(dir, "etc/machine-id")))
    attempt(() => {
      removeFile(root, "etc/machine-id");
      writeText(root, "etc/machine-id", "", { mode: 0o444, uid: 0, gid: 0 });
    });
  const keys = o.keepSshKeys ? [] : sshKeys(root);
  for (const key of keys) attempt(() => removeFile(root, `etc/ssh/${key}`));
  return keys.filter((key) => !key.endsWith(".pub")).length;
}

function sshKeys(root: string): string[] {
  const { O_RDONLY, O_DIRECTORY } = constants;
  return inRoot(root, (dir) => {
    if (!exists(dir, "etc/ssh")) return [];
    try {
      const fd = opened(dir, "etc/ssh", O_RDONLY | O_DIRECTORY);
      try {
        return readdirSync(`/proc/self/fd/${fd}`).filter((name) => SSH_KEY.test(name));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (error instanceof WarrenError) return [];
      throw error;
    }
  });
}

/** Where a link leads; `null` for what is none. Throws NO_FILE when there is no directory that could have it. */
function linkAt(root: string, path: string): string | null {
  return inRoot(root, (dir) => {
    const at = path.lastIndexOf("/");
    const parent = opened(dir, path.slice(0, at), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return readlinkSync(`/proc/self/fd/${parent}/${path.slice(at + 1)}`);
    } catch {
      return null;
    } finally {
      closeSync(parent);
    }
  });
}

/** Leaves alone what the guest made so that it can't be touched safely. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
  }
}
