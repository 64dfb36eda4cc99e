import type { Source } from "./tree.ts";

/** Hosts the repository may name: documentation, standards, examples. Mirrors are the business of apt and mmdebstrap. */
const HOSTS =
  /^(?:localhost|127\.0\.0\.1|\[::1\]|[\w.-]*\.(?:test|invalid)|[\w.-]*\.example(?:\.com|\.org|\.net)?|example\.(?:com|org|net)|(?:www|wiki|bugs|manpages)\.debian\.org|registry\.npmjs\.org|www\.apache\.org|(?:docs\.)?github\.com|(?:www\.)?kernel\.org|docs\.kernel\.org|man7\.org|linuxcontainers\.org|images\.linuxcontainers\.org|keepachangelog\.com|semver\.org|bun\.(?:sh|com)|biomejs\.dev|json-schema\.org|spec\.openapis\.org|www\.rfc-editor\.org|www\.freedesktop\.org|www\.w3\.org|systemd\.io|opencollective\.com|tidelift\.com|paypal\.me|ko-fi\.com)$/;

/** Paths of somebody's own machine. */
const OWN_PATHS = /(?<![\w.$}/-])\/(?:work|home\/\w+|Users\/\w+|tmp\/h_\w+)\/[\w.]+/g;

/** Names of hosts outside the list and paths of one machine. */
export function strangers(files: readonly Source[]): string[] {
  return files.flatMap(({ path, text }) => {
    const hosts = [...text.matchAll(/\bhttps?:\/\/(?:[\w.-]+@)?((?:[\w.-]*\w)|\[[\da-f:]+\])/g)]
      .map(([, host = ""]) => host)
      .filter((host) => host.includes(".") && !HOSTS.test(host));
    const paths = (text.match(OWN_PATHS) ?? []).filter(
      (found) => !/^\/home\/(?:user|alice|bob|you)\b/.test(found),
    );
    return [...hosts, ...paths].map((what) => `${path}: ${what}`);
  });
}

/** Dependencies that are not pinned to one version. */
export function unpinned(packageJson: string): string[] {
  const all: Record<string, Record<string, string> | undefined> = JSON.parse(packageJson);
  return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((kind) =>
    Object.entries(all[kind] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${name} ${version}`),
  );
}

/** Decision records whose number, title, status or date is missing, or whose number another one has. */
export function badRecords(files: readonly Source[]): string[] {
  const seen = new Map<string, string>();
  return files.flatMap(({ path, text }) => {
    const name = path.split("/").at(-1) ?? "";
    const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1];
    if (!number) return [`${path}: the name is not NNNN-words.md`];
    const twin = seen.get(number);
    seen.set(number, path);
    return [
      twin ? `${path}: ${twin} has the same number` : "",
      new RegExp(`^# ${number}\\. \\S`).test(text)
        ? ""
        : `${path}: the first line is not "# ${number}. Title"`,
      /^Status: (?:proposed|accepted|superseded by \d{4})/m.test(text) ? "" : `${path}: no "Status:" line`,
      /^Date: (?:\d{4}-\d\d-\d\d|YYYY-MM-DD)/m.test(text) ? "" : `${path}: no "Date:" line`,
    ].filter(Boolean);
  });
}

/** Relative links of Markdown pages that lead nowhere. */
export function deadLinks(files: readonly Source[], exists: (path: string) => boolean): string[] {
  return files.flatMap(({ path, text }) => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = ""]) => link.replace(/#.*$/, ""))
      .filter((link) => link && !/^[a-z]+:/.test(link))
      .filter((link) => !exists(new URL(link, `file:///${path}`).pathname.slice(1)))
      .map((link) => `${path}: ${link}`);
  });
}

interface Locked {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Packages that the lock file needs and lacks (also those for other systems): `npm ci` refuses such a file. */
export function unlocked(packageLock: string): string[] {
  const { packages }: { packages: Record<string, Locked> } = JSON.parse(packageLock);
  return Object.entries(packages).flatMap(([path, entry]) =>
    [entry.dependencies, entry.optionalDependencies, entry.devDependencies]
      .flatMap((needs) => Object.keys(needs ?? {}))
      .filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
      .map((name) => `${path || "package.json"} needs ${name}`),
  );
}
