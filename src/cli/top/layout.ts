/** Text in a given width, and which columns fit into it. */
import { harmless } from "../text.ts";
import { CELLS, type Cell } from "./columns.ts";

/** Widest name that others make room for; a longer one is cut unless there is space left. */
const NAME = 24;
/** Narrowest a name becomes. */
const LEAST_NAME = 10;

/** Text of exactly `width` columns: cut with an ellipsis or filled up. */
export function fit(text: string, width: number, right = false): string {
  const clean = harmless(text);
  const wide = Bun.stringWidth(clean);
  if (wide <= width) return right ? " ".repeat(width - wide) + clean : clean + " ".repeat(width - wide);
  if (width < 1) return "";
  let cut = "";
  for (const letter of clean) {
    if (Bun.stringWidth(cut + letter) > width - 1) break;
    cut += letter;
  }
  return `${cut}…${" ".repeat(Math.max(0, width - 1 - Bun.stringWidth(cut)))}`;
}

/** The lines of a text in a given width, at most `most`. */
export function wrapped(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of harmless(text).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || Bun.stringWidth(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  const kept = lines.slice(0, most);
  if (lines.length > most) kept[most - 1] = `${kept[most - 1]} …`;
  return kept.map((each) => fit(each, width).trimEnd());
}

/** What stands in one line of the table. */
export interface Layout {
  name: number;
  cells: Cell[];
}

/** Chooses columns for `width`, the most wanted first; what is left over is the names'. `longest` is the longest name. */
export function layoutOf(width: number, longest: number): Layout {
  const cells: Cell[] = [];
  const least = Math.min(LEAST_NAME, width);
  let left = width - least;
  let grown = least;
  for (const cell of CELLS) {
    // Names get their room before the columns that a terminal of 80 has no place for.
    if (cell.title === "UP") {
      const more = Math.max(0, Math.min(longest, NAME) - grown, 0);
      const given = Math.min(more, left);
      grown += given;
      left -= given;
    }
    if (left < cell.width + 1) break;
    cells.push(cell);
    left -= cell.width + 1;
  }
  return { name: Math.max(grown, Math.min(longest, grown + left)), cells };
}
