import { IDS_PER_CONTAINER } from "../../spec/container.ts";

/**
 * The map for files kept with ids 0..65 535 on disk and seen from `base` on.
 *
 * The second line lets the host's root appear (as id 65 536 on disk): overlay makes its own work files as the one who
 * mounted it, and without a place in the map they fail with EOVERFLOW and the overlay becomes read-only.
 */
export function idMap(base: number): string {
  return `0 ${base} ${IDS_PER_CONTAINER}\n${IDS_PER_CONTAINER} 0 1\n`;
}
