import { INIT_KINDS, type InitKind } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";

/** Inits a recipe can be built with; the first one is meant when none is named. */
export const RECIPE_INITS = ["systemd", "sysvinit", "openrc"] as const;
export type RecipeInit = (typeof RECIPE_INITS)[number];

export interface Distribution {
  title: string;
  components: string;
  /** Where the distribution's keys are, on the host and in the image. */
  keyring: string;
  /** Suites by which the host's apt sources are known to be of this distribution. */
  suites: readonly string[];
}

export const DISTRIBUTIONS = {
  debian: {
    title: "Debian",
    components: "main",
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
    suites: ["bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"],
  },
  ubuntu: {
    title: "Ubuntu",
    components: "main universe",
    keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    suites: ["focal", "jammy", "noble", "plucky", "questing", "resolute"],
  },
} as const satisfies Record<string, Distribution>;

export interface Recipe {
  distribution: keyof typeof DISTRIBUTIONS;
  suite: string;
  /** What a person reads. */
  title: string;
}

/** Images that are built from a distribution's own packages. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  "debian/12": { distribution: "debian", suite: "bookworm", title: "Debian 12" },
  "debian/13": { distribution: "debian", suite: "trixie", title: "Debian 13" },
  "ubuntu/24.04": { distribution: "ubuntu", suite: "noble", title: "Ubuntu 24.04" },
};

/** An image that can be made here: which one, and the alias it gets. */
export type Wanted =
  | { kind: "busybox"; alias: string; init: InitKind }
  | { kind: "recipe"; alias: string; init: RecipeInit; name: string; recipe: Recipe };

/**
 * What `name` means as something to build: `busybox`, `debian/13`, `debian/12/openrc`; `undefined` when it is no
 * recipe's name. `init` chooses the variant where the name does not. Throws BAD_VALUE for an init there is no
 * variant of.
 */
export function wantedImage(name: string, init?: string): Wanted | undefined {
  if (name === "busybox") {
    if (init !== undefined && init !== "busybox") throw noVariant(name, init, ["busybox"]);
    return { kind: "busybox", alias: name, init: "busybox" };
  }
  const cut = name.lastIndexOf("/");
  const named = name.slice(cut + 1);
  const base = (INIT_KINDS as readonly string[]).includes(named) ? name.slice(0, cut) : name;
  const recipe = Object.hasOwn(RECIPES, base) ? RECIPES[base] : undefined;
  if (!recipe) return undefined;
  const chosen = base === name ? (init ?? RECIPE_INITS[0]) : named;
  if (!isRecipeInit(chosen)) throw noVariant(base, chosen, RECIPE_INITS);
  if (base !== name && init !== undefined && init !== chosen)
    throw new WarrenError(
      "BAD_VALUE",
      `"${name}" cannot have the init "${printable(init)}"`,
      `name it ${base}`,
    );
  const alias = chosen === RECIPE_INITS[0] ? base : `${base}/${chosen}`;
  return { kind: "recipe", alias, init: chosen, name: base, recipe };
}

/** Names of everything that can be built, for messages. */
export const buildable = (): string[] => ["busybox", ...Object.keys(RECIPES)];

const isRecipeInit = (text: string): text is RecipeInit => (RECIPE_INITS as readonly string[]).includes(text);

const noVariant = (name: string, init: string, known: readonly string[]): WarrenError =>
  new WarrenError(
    "BAD_VALUE",
    `${name} has no variant with the init "${printable(init)}"`,
    `use ${known.join(", ")}`,
  );

const INIT_PACKAGES: Record<RecipeInit, string[]> = {
  systemd: ["systemd-sysv", "dbus"],
  sysvinit: ["sysvinit-core", "initscripts"],
  openrc: ["sysvinit-core", "initscripts", "openrc"],
};

/** What makes a server usable, and no more: addresses and routes, TLS roots, ps and sysctl, ping, service names. */
const PACKAGES = ["iproute2", "ca-certificates", "procps", "iputils-ping", "netbase"];

/** Files no server needs; dpkg goes on leaving them out when packages are added later. Licences stay, as law asks. */
const EXCLUDED = [
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/lintian/*",
  "path-exclude=/usr/share/locale/*",
  "path-include=/usr/share/locale/locale.alias",
];

/** Where the host's own apt gets a distribution from; without an archive mmdebstrap takes the public ones it knows. */
export interface Mirrors {
  archive: string | undefined;
  /** Security updates; not used without an archive. */
  security: string | undefined;
}

/** Each mirror with the suites that are taken from it: the release with its stable updates, and its security updates. */
function places({ suite }: Recipe, { archive, security }: Mirrors): { uri: string; suites: string[] }[] {
  if (archive === undefined) return [];
  const main = { uri: archive, suites: [suite, `${suite}-updates`] };
  return security === undefined ? [main] : [main, { uri: security, suites: [`${suite}-security`] }];
}

/** The lines of a one-line-style sources.list for a suite. */
function sources(recipe: Recipe, mirrors: Mirrors): string[] {
  const { components, keyring } = DISTRIBUTIONS[recipe.distribution];
  return places(recipe, mirrors).flatMap(({ uri, suites }) =>
    suites.map((suite) => `deb [signed-by=${keyring}] ${uri} ${suite} ${components}`),
  );
}

/** Arguments of mmdebstrap(1) that build `wanted` into the directory `target`. */
export function mmdebstrapArguments(
  wanted: Extract<Wanted, { kind: "recipe" }>,
  mirrors: Mirrors,
  target: string,
): string[] {
  const { recipe, init } = wanted;
  const { components, keyring } = DISTRIBUTIONS[recipe.distribution];
  return [
    "--mode=root",
    "--format=directory",
    "--variant=minbase",
    `--components=${components.replaceAll(" ", ",")}`,
    // What the sources name themselves where there are any; the host's apt may not trust the other distribution's.
    `--keyring=${keyring}`,
    `--include=${[...INIT_PACKAGES[init], ...PACKAGES].join(",")}`,
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    ...EXCLUDED.map((line) => `--dpkgopt=${line}`),
    recipe.suite,
    target,
    ...sources(recipe, mirrors),
  ];
}

/**
 * The image's own /etc/apt/sources.list.d file, in the style apt uses now (deb822); `undefined` when mmdebstrap chose the
 * mirrors and so wrote the image's list of them itself.
 */
export function sourcesFile(recipe: Recipe, mirrors: Mirrors): string | undefined {
  const { components, keyring } = DISTRIBUTIONS[recipe.distribution];
  const stanzas = places(recipe, mirrors).map(
    ({ uri, suites }) =>
      `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(" ")}\nComponents: ${components}\nSigned-By: ${keyring}\n`,
  );
  return stanzas.length === 0 ? undefined : stanzas.join("\n");
}
