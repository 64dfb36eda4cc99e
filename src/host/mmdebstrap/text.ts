/** Texts of apt and mmdebstrap. Pure. */

/** A source of packages in the host's apt configuration. */
export interface Source {
  uri: string;
  suites: string[];
}

/** Only what a guest can use as well: no local files, no credentials that an image would carry away. */
const USABLE = /^https?:\/\/[^\s@]+$/;

/** Reads the one-line style of sources.list(5). */
export function parseOneLine(text: string): Source[] {
  return text.split("\n").flatMap((line) => {
    const [type, uri = "", suite = ""] = line
      .replace(/#.*/, "")
      .replace(/\[[^\]]*\]/, " ")
      .trim()
      .split(/\s+/);
    return type === "deb" && USABLE.test(uri) ? [{ uri: trim(uri), suites: [suite] }] : [];
  });
}

/** Reads the deb822 style of sources.list(5). */
export function parseDeb822(text: string): Source[] {
  const plain = text.replace(/^#.*\n?/gm, "").replace(/\n[ \t]+/g, " ");
  return plain.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string) => words(new RegExp(`^${name}:(.*)$`, "im").exec(stanza)?.[1]);
    if (field("Enabled")[0] === "no" || !field("Types").includes("deb")) return [];
    return field("URIs")
      .filter((uri) => USABLE.test(uri))
      .map((uri) => ({ uri: trim(uri), suites: field("Suites") }));
  });
}

const words = (text = ""): string[] => text.trim().split(/\s+/).filter(Boolean);
const trim = (uri: string): string => uri.replace(/\/+$/, "");

/**
 * The mirrors among `sources` of the distribution that has `suites`: the first for its archive, the first for its
 * security updates.
 */
export function mirrorsAmong(
  sources: readonly Source[],
  suites: readonly string[],
): { archive: string | undefined; security: string | undefined } {
  const having = (wanted: readonly string[]) =>
    sources.find((s) => s.suites.some((x) => wanted.includes(x)))?.uri;
  return {
    archive: having(suites),
    security: having(suites.map((s) => `${s}-security`)),
  };
}

/** Where a build is: percent, and what it does. */
export interface Progress {
  percent: number;
  step: string;
}

/** Stages as mmdebstrap announces them, and the percentage of a build's time at which each was seen to begin. */
const STAGES: readonly [RegExp, Progress][] = [
  [/^I: running apt-get update/, { percent: 2, step: "reading package lists" }],
  [/^I: downloading packages/, { percent: 20, step: "downloading packages" }],
  [/^I: extracting archives/, { percent: 32, step: "unpacking packages" }],
  [/^I: installing essential/, { percent: 42, step: "installing base packages" }],
  [/^I: installing remaining/, { percent: 75, step: "installing packages" }],
  [/^I: cleaning package lists/, { percent: 97, step: "cleaning up" }],
];

/** Packages of a minimal system, for how far one stage is; a wrong guess only makes the bar uneven. */
const PACKAGES_ABOUT = 110;

/** Follows mmdebstrap's standard error (with --verbose), line by line. */
export function progressReader(): (line: string) => Progress | undefined {
  let stage = 0;
  let at: Progress = { percent: 0, step: "starting" };
  let seen = 0;
  return (line) => {
    const found = STAGES.findIndex(([pattern]) => pattern.test(line));
    if (found >= 0) {
      stage = found;
      seen = 0;
      at = STAGES[found]![1];
      return at;
    }
    if (!/^(Get:\d+|Unpacking |Setting up )/.test(line)) return undefined;
    seen++;
    const end = STAGES[stage + 1]?.[1].percent ?? 100;
    const share = 1 - Math.exp((-2 * seen) / PACKAGES_ABOUT);
    return { percent: Math.floor(at.percent + (end - at.percent) * share), step: at.step };
  };
}

/** The line of a failed build's output that tells a person the most. */
export function buildFailure(stderr: string): string {
  const lines = stderr.trim().split("\n");
  const telling = lines.find((l) =>
    /Could not resolve|Unable to connect|Failed to fetch|NO_PUBKEY|not signed/.test(l),
  );
  return telling ?? lines.findLast((l) => /^E: /.test(l)) ?? lines.at(-1) ?? "";
}
