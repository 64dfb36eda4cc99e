/**
 * Whether a process lets all its memory be merged: from the word of /proc/PID/ksm_stat, which newer kernels have, or the
 * flag `mg` that its areas have in /proc/PID/smaps (proc_pid_smaps(5)); `null` when neither is there.
 */
export function merging(text: string): boolean | null {
  const [, word] = /^ksm_merge_any: (yes|no)$/m.exec(text) ?? [];
  if (word !== undefined) return word === "yes";
  return /^VmFlags:/m.test(text) ? /^VmFlags:.* mg\b/m.test(text) : null;
}

/** Pages of a process that are kept once with others', by its /proc/PID/ksm_stat. */
export const mergingPages = (text: string): number =>
  Number(/^ksm_merging_pages (\d+)$/m.exec(text)?.[1] ?? 0);
