import { constants } from "node:os";

/** Name of an errno (`EBUSY`), as the kernel spells it. */
export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}
