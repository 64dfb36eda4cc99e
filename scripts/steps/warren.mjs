// @ts-check
// Calls of bin/warren as a user would make them, shown as they are typed.

import { capture, follow } from "./command.mjs";
import { typed, WARREN } from "./place.mjs";
import { Refusal, sayCommand } from "./say.mjs";

/** Exit code of "not found". */
export const NOT_FOUND = 3;

/** @param {string[]} args */
const line = (args) => typed(args.map((arg) => (/[\s"$&;|]/.test(arg) ? `'${arg}'` : arg)).join(" "));

/** Runs and shows a command. @param {string[]} args @returns {Promise<number>} its exit code */
export async function warren(...args) {
  sayCommand(line(args));
  return await follow([WARREN, ...args]);
}

/** Runs and shows a command that must succeed. @param {string[]} args */
export async function must(...args) {
  const code = await warren(...args);
  if (code !== 0) throw new Refusal(`\`${line(args)}\` ended with ${code}`, "what it said is above", code);
}

/**
 * Asks without showing; `null` when what is asked for is not there.
 * @param {string[]} args @returns {any}
 */
export function query(...args) {
  const { code, stdout, stderr } = capture([WARREN, ...args, "-o", "json"]);
  if (code === NOT_FOUND) return null;
  if (code !== 0) throw new Refusal(`\`${line(args)}\` ended with ${code}: ${stderr.trim()}`, "", code);
  return JSON.parse(stdout);
}
