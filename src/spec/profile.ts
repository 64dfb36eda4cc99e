/** Profiles: named sets of levels and settings, for containers to be made with or brought to. */
import type { ErrorBody } from "./errors.ts";
import { WarrenError } from "./errors.ts";
import type { LevelChange } from "./level.ts";
import { printable } from "./name.ts";

/** Most characters of a profile's file; OpenVZ's have about two thousand. */
export const PROFILE_MOST = 65_536;

/** What a profile holds. Levels are kept as they were written: 25% is a part of the host it will be applied on. */
export interface ProfileContent {
  description: string;
  levels: Record<string, string>;
  /** Order of starting after a reboot of the host; `null` leaves it alone. */
  priority: number | null;
}

/** The record of a profile, as the store keeps it. */
export interface ProfileRecord extends ProfileContent {
  name: string;
  /** RFC 3339. */
  created: string;
  /** Grows with every change; the ETag. */
  version: number;
}

/** A profile as the outside sees it. */
export interface Profile extends Omit<ProfileRecord, "created"> {
  /** Comes with Warren: it can't be changed, only copied. */
  builtin: boolean;
  /** `null` for one that comes with Warren. */
  created: string | null;
}

/** A level that a profile asks for and this host can't do. */
export interface SkippedLevel {
  key: string;
  value: string;
  reason: string;
}

/** What `profile apply` asks for. */
export interface ProfileApplication {
  containers: string[];
  save: boolean;
  /** Leave out what this host can't do, rather than refusing all. */
  skipUnsupported: boolean;
  /** Also when guarantees come to more than the host has. */
  overcommit: boolean;
}

/** What became of a profile in one container. */
export interface ProfileOutcome {
  container: string;
  change?: LevelChange;
  /** Then nothing was changed in this container. */
  error?: ErrorBody;
}

/** What `profile apply` answers. */
export interface ProfileApplied {
  profile: string;
  outcomes: ProfileOutcome[];
  skipped: SkippedLevel[];
}

/** A setting of an imported file that became no level, and why. */
export interface LeftOut {
  name: string;
  value: string;
  reason: string;
}

/** What `profile import` answers. */
export interface ProfileImported {
  profile: Profile;
  leftOut: LeftOut[];
}

const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;

/** Checks a profile's name; throws BAD_NAME. */
export function profileName(text: string): string {
  if (NAME.test(text)) return text;
  throw new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" is not a profile name`,
    "use 1 to 63 lower-case letters, digits, '.', '_' and '-', a letter or digit at both ends",
  );
}
