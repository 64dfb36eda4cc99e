import type { AppConfig, AppRequest } from "../spec/app.ts";
import type { ExportedContainer, ExportManifest, ExportStage, StageMeta } from "../spec/backup.ts";
import { INIT_KINDS, type InitKind, type LevelValues } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { snapshotComment, snapshotName } from "../spec/snapshot.ts";

const broken = (what: string): WarrenError =>
  new WarrenError("BAD_VALUE", `the export is broken: ${what}`, "fetch it again; nothing was changed");

/** Most snapshots one export may hold. */
const STAGES_MOST = 2000;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
type Fields = Record<string, unknown>;

/** Reads a manifest from a hostile source. Throws BAD_VALUE, UNSUPPORTED for one of a later version. */
export function readManifest(text: string): ExportManifest {
  const it = fields(parsed(text), "manifest.json");
  if (it.format !== "warren-export") throw broken("it is none of Warren's");
  if (it.version !== 1)
    throw new WarrenError(
      "UNSUPPORTED",
      `the export is of version ${JSON.stringify(it.version)}`,
      "upgrade Warren",
    );
  const image = fields(it.image, "image");
  const base = it.base === null ? null : fields(it.base, "base");
  const stages = list(it.stages, "stages").map(stage);
  if (stages.length === 0 || stages.length > STAGES_MOST) throw broken(`it has ${stages.length} stages`);
  return {
    format: "warren-export",
    version: 1,
    made: string(it.made, "made"),
    of: string(it.of, "of"),
    image: {
      digest: digest(image.digest, "image.digest"),
      alias: string(image.alias, "image.alias"),
      description: string(image.description, "image.description"),
      source: string(image.source, "image.source"),
      architecture: string(image.architecture, "image.architecture"),
      app: app(image.app),
      included: image.included === true,
    },
    base: base && {
      snapshot: snapshotName(string(base.snapshot, "base")),
      digest: digest(base.digest, "base.digest"),
    },
    stages,
  };
}

function stage(value: unknown): ExportStage {
  const it = fields(value, "stage");
  const snapshot = it.snapshot === null ? null : fields(it.snapshot, "snapshot");
  return {
    snapshot: snapshot && {
      name: snapshotName(string(snapshot.name, "snapshot.name")),
      comment: snapshotComment(string(snapshot.comment, "snapshot.comment")),
      created: date(snapshot.created),
    },
    container: container(fields(it.container, "container")),
  };
}

function container(it: Fields): ExportedContainer {
  const init = it.init as InitKind;
  if (!INIT_KINDS.includes(init)) throw broken("container.init is none that is known");
  const priority = Number(it.priority);
  if (!Number.isInteger(priority) || Math.abs(priority) > 1000)
    throw broken("container.priority is out of range");
  const levels: LevelValues = {};
  for (const [key, value] of Object.entries(fields(it.levels, "container.levels"))) {
    if (value !== null && typeof value !== "number" && typeof value !== "string")
      throw broken(`level ${key}`);
    levels[key] = value;
  }
  return {
    name: string(it.name, "container.name"),
    init,
    levels,
    priority,
    profiles: list(it.profiles, "container.profiles").map((each) => string(each, "profile")),
    overcommit: it.overcommit === true,
    started: it.started === true,
    app: appRequest(it.app),
  };
}

const words = (each: unknown): string[] => list(each, "app").map(word);
const environment = (each: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(fields(each, "app.env")).map(([key, text]) => [word(key), word(text)]));

function appRequest(value: unknown): AppRequest | null {
  if (value === null) return null;
  const { command, env } = fields(value, "container.app");
  return {
    ...(command === undefined ? {} : { command: words(command) }),
    ...(env === undefined ? {} : { env: environment(env) }),
  };
}

function app(value: unknown): AppConfig | null {
  if (value === null) return null;
  const it = fields(value, "app");
  const stopSignal = Number(it.stopSignal);
  if (!Number.isInteger(stopSignal) || stopSignal < 1 || stopSignal > 64)
    throw broken("app.stopSignal is none");
  return {
    entrypoint: words(it.entrypoint),
    command: words(it.command),
    env: environment(it.env),
    cwd: word(it.cwd),
    user: word(it.user),
    stopSignal,
    ports: words(it.ports),
  };
}

/** A word of a command line: lines are allowed in it. */
function word(value: unknown): string {
  if (typeof value === "string" && value.length <= 131_072 && !value.includes("\0")) return value;
  throw broken("app has a word that is none");
}

/** Reads what stands before the files of a stage, from a hostile source. Throws BAD_VALUE. */
export function readStageMeta(text: string): StageMeta {
  const it = fields(parsed(text), "meta.json");
  return {
    digest: digest(it.digest, "digest"),
    removed: list(it.removed, "removed").map((each) => path(each)),
    whiteouts: list(it.whiteouts, "whiteouts").map((each) => path(each)),
    overlay: list(it.overlay, "overlay").map((each) => {
      const note = fields(each, "overlay");
      const [name, value] = [note.name, string(note.value, "overlay.value")];
      if (name !== "opaque" && name !== "redirect") throw broken("an overlay note that is not known");
      // The kernel looks it up in layers below; dots lead nowhere there, and have no business here.
      if (value.includes("\0") || value.split("/").includes("..")) throw broken("an overlay note with dots");
      return { path: note.path === "." ? "." : path(note.path), name, value };
    }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw broken("its description is not JSON");
  }
}

function fields(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw broken(`${what} is no object`);
}

function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw broken(`${what} is no list`);
}

function string(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= 4096 && !/[\x00-\x1f\x7f]/.test(value)) return value;
  throw broken(`${what} is not a line of text`);
}

function digest(value: unknown, what: string): string {
  if (typeof value === "string" && DIGEST.test(value)) return value;
  throw broken(`${what} is no digest`);
}

function date(value: unknown): string {
  const time = Date.parse(string(value, "a date"));
  if (Number.isNaN(time)) throw broken("a date is none");
  return new Date(time).toISOString();
}

/** A path below the tree's top. */
function path(value: unknown): string {
  if (typeof value !== "string" || value.length > 4096 || value.includes("\0") || !value.startsWith("./"))
    throw broken("a path is none");
  const parts = value.split("/").slice(1);
  if (parts.some((part) => part === "" || part === "." || part === "..")) throw broken("a path with dots");
  return value;
}
