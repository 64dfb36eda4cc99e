import { LEVELS } from "../../spec/levels.ts";

/** Completes a level's key as far as it is certain. */
export function completed(text: string): string {
  const cut = text.lastIndexOf(" ") + 1;
  const word = text.slice(cut);
  const keys = LEVELS.map(({ key }) => key).filter((key) => key.startsWith(word));
  if (word.includes("=") || keys.length === 0) return text;
  if (keys.length === 1) return `${text.slice(0, cut)}${keys[0]}=`;
  let common = keys[0]!;
  while (!keys.every((key) => key.startsWith(common))) common = common.slice(0, -1);
  return text.slice(0, cut) + common;
}
