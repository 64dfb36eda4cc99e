/** Files that profiles are imported from. */
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import type { LeftOut, ProfileContent } from "../spec/profile.ts";
import { fromOpenvz } from "./openvz.ts";
import { profileLevels } from "./profile.ts";

const FIELDS = ["name", "description", "levels", "priority"];

/** A profile's file: its name, if it says one, and its content. */
export interface ProfileFile {
  name: string | null;
  content: ProfileContent;
  leftOut: LeftOut[];
}

const unread = (why: string): WarrenError =>
  new WarrenError("BAD_VALUE", `the file is no profile: ${why}`, "see docs/profiles.md");

function scalar(value: unknown, key: string): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw unread(`${printable(key)} is not a text or a number`);
}

/** Reads Warren's own form. Throws BAD_VALUE, NO_LEVEL, USAGE. */
function fromDocument(document: unknown): ProfileFile {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw unread("it is neither Warren's form nor an OpenVZ configuration");
  const fields = document as Record<string, unknown>;
  const strange = Object.keys(fields).find((key) => !FIELDS.includes(key));
  if (strange !== undefined) throw unread(`there is no field "${printable(strange)}"`);
  const { name = null, description = "", levels = {}, priority = null } = fields;
  if (typeof levels !== "object" || levels === null || Array.isArray(levels))
    throw unread("levels is not a list of KEY: VALUE");
  if (priority !== null && !(Number.isInteger(priority) && Math.abs(priority as number) <= 1000))
    throw unread("priority is not a whole number from -1000 to 1000");
  const texts = Object.entries(levels).map(([key, value]) => [key, scalar(value, key)] as const);
  return {
    name: name === null ? null : scalar(name, "name"),
    content: {
      description: printable(scalar(description, "description")),
      levels: profileLevels(Object.fromEntries(texts)),
      priority: priority as number | null,
    },
    leftOut: [],
  };
}

/** Whether a text begins like a shell's assignments, as OpenVZ's files do. */
const isShell = (text: string): boolean =>
  /^(?:\s*(?:#[^\n]*)?\r?\n)*\s*(?:export\s+)?[A-Z_][A-Z0-9_]*=/.test(text);

/** Reads a profile's file: Warren's YAML or JSON, or an OpenVZ configuration. Throws BAD_VALUE, NO_LEVEL, USAGE. */
export function readProfile(text: string): ProfileFile {
  if (isShell(text)) return { name: null, ...fromOpenvz(text) };
  let document: unknown;
  try {
    document = Bun.YAML.parse(text);
  } catch (error) {
    throw unread(printable(error instanceof Error ? error.message : String(error)));
  }
  return fromDocument(document);
}

/** A profile's name out of its file's: OpenVZ's `ve-basic.conf-sample` is `openvz-basic`. */
export function nameOfFile(file: string): string {
  const base = file.split("/").at(-1)?.toLowerCase() ?? "";
  const [, sample] = /^ve-(.+?)\.conf(?:-sample)?$/.exec(base) ?? [];
  return sample === undefined ? base.replace(/\.(?:conf|ya?ml|json)$/, "") : `openvz-${sample}`;
}
