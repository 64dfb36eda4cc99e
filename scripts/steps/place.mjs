// @ts-check
// Where things are: the clone, and the state directory that WARREN_DIR names.

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The clone. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Path of something in the clone. @param {string[]} parts */
export const inClone = (...parts) => join(ROOT, ...parts);

/** The command line from source. */
export const WARREN = inClone("bin", "warren");

/**
 * The directories of a daemon; the same as `instanceOf` in src/spec/instance.ts, which Node can't load. A test holds the two together.
 * @param {string | undefined} dir WARREN_DIR
 */
export function instance(dir = process.env.WARREN_DIR) {
  if (!dir) return { state: "/var/lib/warren", run: "/run/warren", socket: "/run/warren/warren.sock" };
  const root = resolve(dir);
  return { state: `${root}/lib`, run: `${root}/run`, socket: `${root}/run/warren.sock` };
}

/** How a person types a command for this instance. @param {string} rest */
export const typed = (rest) => {
  const dir = process.env.WARREN_DIR;
  return `${dir ? `WARREN_DIR=${dir} ` : ""}bin/warren ${rest}`;
};
