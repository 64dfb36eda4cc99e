/** A key as `top` names it: one character, or a word for those that send several. */
export type Key = string;

const ESCAPE = "\x1b";
/** What terminals send for keys without a character (xterm's and VT220's forms). */
const SEQUENCES: Readonly<Record<string, Key>> = {
  "[A": "up",
  OA: "up",
  "[B": "down",
  OB: "down",
  "[5~": "page up",
  "[6~": "page down",
  "[H": "home",
  OH: "home",
  "[1~": "home",
  "[F": "end",
  OF: "end",
  "[4~": "end",
};
const CONTROLS: Readonly<Record<string, Key>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x15": "clear",
  "\x0c": "redraw",
};

/** The keys in what a terminal sent at one time; sequences of keys that mean nothing here are left out. */
export function keysOf(text: string): Key[] {
  const keys: Key[] = [];
  for (let rest = text; rest !== ""; ) {
    const sequence = /^\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|O[\x40-\x7e])/.exec(rest)?.[0];
    if (sequence !== undefined) {
      const known = SEQUENCES[sequence.slice(1)];
      if (known !== undefined) keys.push(known);
      rest = rest.slice(sequence.length);
      continue;
    }
    const [first = ""] = rest;
    rest = rest.slice(first.length);
    if (first === ESCAPE) keys.push("escape");
    else if (CONTROLS[first] !== undefined) keys.push(CONTROLS[first]);
    else if (!/[\x00-\x1f\x7f-\x9f]/.test(first)) keys.push(first);
  }
  return keys;
}
