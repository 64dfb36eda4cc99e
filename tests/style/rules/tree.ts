import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** A file of the repository: path from its root, and text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** The clone. */
export const ROOT = dirname(dirname(dirname(import.meta.dir)));

/** Everything Git would carry: tracked files and new ones that are not ignored; by walking where there is no Git. */
export function repositoryFiles(): string[] {
  const cmd = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const listed = Bun.which("git")
    ? Bun.spawnSync({ cmd, cwd: ROOT, timeout: 10_000, stderr: "ignore" })
    : null;
  const paths = listed?.success ? listed.stdout.toString().split("\0").filter(Boolean) : walk(ROOT);
  return paths.filter((path) => Bun.file(join(ROOT, path)).size > 0).sort();
}

const IGNORED = new Set(["node_modules", "dist", ".git"]);

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (IGNORED.has(entry.name)) return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? walk(path) : [relative(ROOT, path)];
  });
}

export const load = (path: string): Source => ({ path, text: readFileSync(join(ROOT, path), "utf8") });

/** The TypeScript sources of one top folder, or of several. */
export const sources = (...folders: string[]): Source[] =>
  repositoryFiles()
    .filter((path) => /\.tsx?$/.test(path) && folders.some((folder) => path.startsWith(`${folder}/`)))
    .map(load);

/** The text without comments, line numbers kept; strings stay. */
export const withoutComments = (text: string): string =>
  text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`)|\/\*[\s\S]*?\*\/|(^|[\s;,({}])\/\/[^\n]*/gm,
    (whole, string?: string, before?: string) => string ?? (before ?? "") + whole.replace(/[^\n]/g, ""),
  );

/** `path:line` of an offset. */
export const at = ({ path, text }: Source, offset: number): string =>
  `${path}:${text.slice(0, offset).split("\n").length}`;
