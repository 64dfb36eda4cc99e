import { posix } from "node:path";
import { type Source, withoutComments } from "./tree.ts";

export interface Import {
  from: string;
  /** Path from the repository's root for our own files, else the package's name. */
  to: string;
  /** Loaded when it is asked for. */
  dynamic: boolean;
  /** Gone when the program runs. */
  typeOnly: boolean;
}

const STATIC = /^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["'`]([^"'`]+)["'`]\s*\)/g;

/** Every import and re-export of a file, types included. */
export function importsOf({ path, text }: Source): Import[] {
  const code = withoutComments(text);
  const found = (pattern: RegExp, dynamic: boolean) =>
    [...code.matchAll(pattern)].map(([whole, to = ""]) => ({
      from: path,
      to: to.startsWith(".") ? posix.join(posix.dirname(path), to) : to,
      dynamic,
      typeOnly: /^\s*(?:import|export)\s+type\b/.test(whole),
    }));
  return [...found(STATIC, false), ...found(DYNAMIC, true)];
}

/** What each layer may import besides itself; the picture in docs/ARCHITECTURE.md. */
export const LAYERS: Record<string, readonly string[]> = {
  spec: [],
  plan: ["spec"],
  host: ["spec"],
  store: ["spec"],
  engine: ["spec", "plan", "host", "store"],
  api: ["spec", "engine"],
  daemon: ["spec", "plan", "host", "store", "engine", "api"],
  cli: ["spec"],
};

/** The lowest host rooms and what they may import besides spec; the others may import any they make no circle with. */
const GROUND: Record<string, readonly string[]> = { syscall: [], exec: ["syscall"] };

/** `warren daemon` is a command like any other, loaded only when it is asked for. */
const isDaemonCommand = ({ from, to, dynamic }: Import) =>
  dynamic && from.startsWith("src/cli/commands/") && to === "src/daemon/main.ts";

const layerOf = (path: string): string => path.split("/")[1] ?? "";
const roomOf = (path: string): string => path.split("/")[2] ?? "";

/** Imports that don't point down, one line each. */
export function upward(files: readonly Source[]): string[] {
  return files.flatMap(importsOf).flatMap((one) => {
    if (!one.to.startsWith("src/")) return [];
    const [here, there] = [layerOf(one.from), layerOf(one.to)];
    if (here === there || isDaemonCommand(one)) return [];
    const allowed = LAYERS[here];
    if (allowed === undefined) return [`${one.from} is in no layer`];
    return allowed.includes(there) ? [] : [`${one.from} (${here}) imports ${one.to} (${there})`];
  });
}

/** Pairs of host rooms that import each other, directly or in a ring, and ground rooms that import upper ones. */
export function hostRooms(files: readonly Source[]): string[] {
  const edges = files
    .flatMap(importsOf)
    .filter(({ from, to }) => from.startsWith("src/host/") && to.startsWith("src/host/"))
    .filter(({ from, to }) => roomOf(from) !== roomOf(to));
  const high = edges.filter(({ from, to }) => GROUND[roomOf(from)]?.includes(roomOf(to)) === false);
  const rooms = new Map<string, Set<string>>();
  for (const { from, to } of edges)
    rooms.set(roomOf(from), (rooms.get(roomOf(from)) ?? new Set()).add(roomOf(to)));
  return [...high.map(({ from, to }) => `${from} is on the ground floor and imports ${to}`), ...ring(rooms)];
}

/** Rings of files that import each other. Types don't count: an interface and what makes it may share a room. */
export function cycles(files: readonly Source[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const to = importsOf(file).filter((one) => known.has(one.to) && !one.typeOnly && !isDaemonCommand(one));
    graph.set(file.path, new Set(to.map((one) => one.to)));
  }
  return ring(graph);
}

/** One line for each ring found by a depth-first walk. */
function ring(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (node: string, trail: string[]) => {
    const start = trail.indexOf(node);
    if (start >= 0) {
      found.push([...trail.slice(start), node].join(" -> "));
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}

/** All that is loaded before a file's first line runs: our own files and packages, each once. */
export function atOnce(files: readonly Source[], path: string): string[] {
  const by = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const visit = (at: string): void => {
    if (seen.has(at)) return;
    seen.add(at);
    const file = by.get(at);
    for (const { to, dynamic, typeOnly } of file ? importsOf(file) : []) if (!dynamic && !typeOnly) visit(to);
  };
  visit(path);
  return [...seen];
}
