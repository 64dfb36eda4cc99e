import { children, commandLine } from "../../src/host/proc/index.ts";

/** Our own children whose command line is this. */
export const childrenWith = (...words: string[]): number[] =>
  children(process.pid).filter((pid) => commandLine(pid).join("\0") === words.join("\0"));
