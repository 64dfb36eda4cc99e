/**
 * The system calls that no tool and no part of Bun offers, and nothing else.
 *
 * Each verb is one call (or the few that must happen together on one thread) and throws FAILED with call, path and
 * errno's name. What must never happen here: a decision, a loop over guest data, a call that can block for long.
 */

export * from "./ioctl.ts";
export * from "./limits.ts";
export * from "./linux.ts";
export * from "./merge.ts";
export * from "./namespace.ts";
export * from "./socket.ts";
export * from "./stdio.ts";
export { errnoName } from "./text.ts";
