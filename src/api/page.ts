/**
 * Cuts a list into pages by a key that orders it: a cursor is the last key seen, so a page stays right while items come
 * and go. No limit means all.
 */
export function page<T>(
  items: readonly T[],
  key: (item: T) => string,
  o: { limit?: number | undefined; cursor?: string | undefined },
): { items: T[]; next: string | null } {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const { limit = keyed.length, cursor } = o;
  const rest = cursor === undefined ? keyed : keyed.filter((each) => each.key > cursor);
  const cut = rest.slice(0, Math.max(limit, 1));
  const more = cut.length < rest.length;
  return { items: cut.map((each) => each.item), next: more ? cut.at(-1)!.key : null };
}
