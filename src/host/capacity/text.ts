/** The lines of /proc/meminfo in bytes (proc_meminfo(5)); lines without a unit are left out. */
export function meminfo(text: string): Record<string, number> {
  const lines = text.matchAll(/^([^:\s]+):\s+(\d+) kB$/gm);
  return Object.fromEntries([...lines].map(([, name, kilobytes]) => [name, Number(kilobytes) * 1024]));
}
