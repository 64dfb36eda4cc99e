/** Highest CPU number a list may name; the kernel's largest configuration has 8192. */
const MOST = 8191;

/** Reads the kernel's list form (`0-3,8`), sorted and without repeats; `null` when it isn't one. */
export function cpuList(text: string): number[] | null {
  const all = new Set<number>();
  for (const part of text === "" ? [] : text.split(",")) {
    const [, first, last] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    if (first === undefined) return null;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (from > to || to > MOST) return null;
    for (let cpu = from; cpu <= to; cpu++) all.add(cpu);
  }
  return [...all].sort((a, b) => a - b);
}

/** Prints CPU numbers (sorted) in the kernel's shortest list form. */
export function cpuListText(list: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < list.length; ) {
    let end = i;
    while (list[end + 1] === list[end]! + 1) end++;
    parts.push(end === i ? `${list[i]}` : `${list[i]}-${list[end]}`);
    i = end + 1;
  }
  return parts.join(",");
}
