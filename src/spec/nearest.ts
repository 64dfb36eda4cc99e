/** What somebody probably meant who wrote a name that is not there. */

/** Number of letters to insert, delete, replace or swap to make one word of the other. */
export function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The known name that one mistake, or one in three letters, lies between; nothing where none is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const near = (name: string): number => Math.max(1, Math.floor(name.length / 3));
  return known
    .filter((name) => Math.abs(name.length - typed.length) <= near(name))
    .map((name) => ({ name, far: distance(typed, name) }))
    .filter(({ name, far }) => far <= near(name))
    .sort((a, b) => a.far - b.far)[0]?.name;
}
