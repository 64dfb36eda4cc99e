import { exists, inRoot, makeParents, readText, writeText } from "../host/guestfs/index.ts";
import { emptyJournal } from "../plan/journal.ts";
import { JOURNAL_SETTINGS } from "../plan/tweak.ts";
import { systemdReleases } from "./image-facts.ts";

const JOURNALS = "var/log/journal";

/**
 * Gives a guest with systemd the first file of its journal, small, where its image keeps journals small and its journald is
 * one that takes it; answers whether it has one. `id` is its machine id. Throws what a hostile tree makes of it.
 */
export function writeJournal(root: string, id: string, base: number): boolean {
  const release = journalRelease(root);
  if (release === null) return false;
  const journal = emptyJournal(release, id, crypto.randomUUID().replaceAll("-", ""));
  const at = `${JOURNALS}/${id}`;
  const path = `${at}/system.journal`;
  if (!journal) return false;
  // A container that only got another name has it already.
  if (inRoot(root, (dir) => exists(dir, path))) return true;
  // As systemd-tmpfiles makes them: readable by the group of the journal.
  const gid = base + (groupId(readText(root, "etc/group") ?? "", "systemd-journal") ?? 0);
  inRoot(root, (dir) => makeParents(dir, at, { mode: 0o755, uid: base, gid }));
  writeText(root, path, journal, { mode: 0o640, uid: base, gid });
  return true;
}

/** The release of systemd in a tree that keeps journals small, on disk; `null` elsewhere, and where there are several. */
export function journalRelease(root: string): number | null {
  return inRoot(root, (dir) => {
    if (![JOURNAL_SETTINGS, JOURNALS, "etc/machine-id"].every((path) => exists(dir, path))) return null;
    const [release = null, ...others] = new Set(systemdReleases(dir));
    return others.length > 0 ? null : release;
  });
}

/** The number of a group in the text of group(5); `null` when it has none that a container can have. */
function groupId(text: string, group: string): number | null {
  const found = new RegExp(`^${group}:[^:\n]*:(\\d{1,5}):`, "m").exec(text)?.[1];
  return found === undefined || Number(found) > 65_535 ? null : Number(found);
}
