import { existsSync, readdirSync } from "node:fs";
import { command } from "../command.ts";

const SOURCES = new URL("../neighbour", import.meta.url).pathname;
const COMPILER = "/usr/bin/gcc";

/** Compiles the program that serves, asks and attacks. Throws where the host has no C compiler. */
export function compile(to: string, log: string): void {
  if (!existsSync(COMPILER))
    throw new Error(
      `the program that serves and attacks is made of C, and there is no ${COMPILER}; install gcc and libc6-dev`,
    );
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith(".c"))
    .map((name) => `${SOURCES}/${name}`);
  command([COMPILER, "-O2", "-static", "-pthread", "-o", to, ...sources], log);
}
