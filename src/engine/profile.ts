import { capacity } from "../host/capacity/index.ts";
import { mergeProfiles, profileLevels, withOwn } from "../plan/profile.ts";
import { nameOfFile, readProfile } from "../plan/profile-file.ts";
import { WarrenError } from "../spec/errors.ts";
import type { LevelHost } from "../spec/level.ts";
import { levelRow } from "../spec/level-request.ts";
import { printable } from "../spec/name.ts";
import {
  type Profile,
  type ProfileContent,
  type ProfileImported,
  type ProfileRecord,
  profileName,
  type SkippedLevel,
} from "../spec/profile.ts";
import { BUILTIN_PROFILES } from "../spec/profiles.ts";
import type { Context } from "./context.ts";

/** What of a profile is to be changed; what isn't given stays. */
export interface ProfileChange {
  name?: string;
  description?: string;
  /** Levels that come in or get another value. */
  set?: Record<string, string>;
  unset?: string[];
  priority?: number | null;
}

/** What profiles ask for on this host. */
export interface Resolved {
  levels: Record<string, string>;
  priority: number | null;
  skipped: SkippedLevel[];
}

/** Named sets of levels. Changing one changes no container: what they have was set when it was applied. */
export interface Profiles {
  list(): Profile[];
  /** Throws NO_PROFILE. */
  info(name: string): Profile;
  /** `from` gives what isn't said. Throws BAD_NAME, EXISTS, NO_PROFILE, NO_LEVEL, BAD_VALUE. */
  create(o: { name: string; from?: string } & Partial<ProfileContent>): Profile;
  /** Throws NO_PROFILE, REFUSED (it comes with Warren), EXISTS, NO_LEVEL, BAD_VALUE, CHANGED. */
  change(name: string, change: ProfileChange, ifVersion?: number): Profile;
  /** Throws NO_PROFILE, REFUSED. */
  delete(name: string): void;
  /** `file` is where the text came from, for a name that nobody says. Throws BAD_VALUE, NO_LEVEL, EXISTS. */
  import(o: { text: string; name?: string; file?: string; replace?: boolean }): ProfileImported;
  /**
   * The levels of profiles on this host, for containers in a pool where one is named, the later one's above, `own` above all. Throws NO_PROFILE, and UNSUPPORTED for
   * what the host can't do unless that is to be skipped; what is in `own` is never skipped.
   */
  resolve(
    names: readonly string[],
    own: Readonly<Record<string, string>>,
    skip: boolean,
    pool?: string,
  ): Resolved;
}

const builtin = (name: string): Profile | undefined => {
  const content = Object.hasOwn(BUILTIN_PROFILES, name) ? BUILTIN_PROFILES[name] : undefined;
  return content && { name, ...content, builtin: true, created: null, version: 0 };
};

/** Profiles of one instance. */
export function createProfiles(c: Pick<Context, "store" | "events" | "levels" | "instance">): Profiles {
  const { profiles } = c.store;
  const shown = (record: ProfileRecord): Profile => ({ ...record, builtin: false });

  function info(name: string): Profile {
    const found = profiles.get(name);
    const profile = builtin(name) ?? (found && shown(found));
    if (profile) return profile;
    const text = printable(name);
    throw new WarrenError("NO_PROFILE", `there is no profile "${text}"`, "see `warren profile list`", {
      name: text,
    });
  }
  function own(name: string): ProfileRecord {
    const record = profiles.get(name);
    if (record) return record;
    info(name);
    throw new WarrenError(
      "REFUSED",
      `profile "${name}" comes with Warren and stays as it is`,
      `make your own of it: warren profile create NAME --from ${name}`,
    );
  }
  function vacant(name: string): string {
    profileName(name);
    if (!builtin(name) && !profiles.get(name)) return name;
    throw new WarrenError("EXISTS", `profile "${name}" exists already`, "choose another name");
  }
  function saved(record: ProfileRecord, details: Record<string, unknown> = {}): Profile {
    c.events.emit({ type: "profile-saved", details: { profile: record.name, ...details } });
    return shown(record);
  }
  function insert(name: string, content: ProfileContent): Profile {
    const record: ProfileRecord = { name, ...content, created: new Date().toISOString(), version: 1 };
    profiles.insert(name, record);
    return saved(record);
  }

  /** Why this host can't give a level what a profile asks for, or `null`. */
  function lacking(key: string, text: string, reasons: ReadonlyMap<string, string>, host: LevelHost) {
    const reason = reasons.get(key);
    if (reason !== undefined) return reason;
    const row = levelRow(key);
    const whole = row.whole?.(host);
    const value = row.codec.parse(text, whole === undefined ? { key } : { key, whole });
    return row.check?.(value, host) ?? null;
  }

  return {
    info,
    list() {
      const mine = profiles.list().map(shown);
      const theirs = Object.keys(BUILTIN_PROFILES).flatMap((name) => builtin(name) ?? []);
      return [...theirs, ...mine.sort((a, b) => (a.name < b.name ? -1 : 1))];
    },
    create({ name, from, description, levels, priority }) {
      const base = from === undefined ? { description: "", levels: {}, priority: null } : info(from);
      return insert(vacant(name), {
        description: description ?? base.description,
        levels: { ...base.levels, ...profileLevels(levels ?? {}) },
        priority: priority === undefined ? base.priority : priority,
      });
    },
    change(name, { name: to = name, description, set = {}, unset = [], priority }, ifVersion) {
      own(name);
      const added = profileLevels(set);
      const removed = unset.map((key) => levelRow(key).key);
      if (to !== name) vacant(to);
      return c.store.transaction(() => {
        const record = profiles.update(
          name,
          (old) => {
            const missing = removed.find((key) => !(key in old.levels));
            if (missing !== undefined)
              throw new WarrenError("NO_LEVEL", `profile "${name}" has no ${missing}`, "leave it out");
            const kept = Object.entries(old.levels).filter(([key]) => !removed.includes(key));
            return {
              ...old,
              name: to,
              description: description ?? old.description,
              levels: { ...Object.fromEntries(kept), ...added },
              priority: priority === undefined ? old.priority : priority,
            };
          },
          ifVersion,
        );
        if (to !== name) {
          profiles.delete(name);
          profiles.insert(to, record);
        }
        return saved(record, to === name ? {} : { from: name });
      });
    },
    delete(name) {
      own(name);
      profiles.delete(name);
      c.events.emit({ type: "profile-deleted", details: { profile: name } });
    },
    import({ text, name, file = "", replace = false }) {
      const read = readProfile(text);
      const wanted = profileName(name ?? read.name ?? nameOfFile(file));
      if (replace && profiles.get(wanted)) {
        const record = profiles.update(wanted, (old) => ({ ...old, ...read.content }));
        return { profile: saved(record), leftOut: read.leftOut };
      }
      return { profile: insert(vacant(wanted), read.content), leftOut: read.leftOut };
    },
    resolve(names, given, skip, pool) {
      const { levels, priority } = mergeProfiles(names.map(info));
      if (names.length === 0) return { levels: { ...given }, priority, skipped: [] };
      const host = capacity(c.instance.state);
      const reasons = new Map(
        c.levels.catalogue(pool).flatMap(({ key, reason }) => (reason ? [[key, reason]] : [])),
      );
      const all = withOwn(levels, given);
      const skipped = Object.entries(levels).flatMap(([key, value]) => {
        const reason = key in given || !(key in all) ? null : lacking(key, value, reasons, host);
        return reason === null ? [] : [{ key, value, reason }];
      });
      if (skipped.length > 0 && !skip)
        throw new WarrenError(
          "UNSUPPORTED",
          `this host can't do all of ${names.join(", ")}: ${skipped.map(({ key, reason }) => `${key}: ${reason}`).join("; ")}`,
          "add --skip-unsupported to leave that out",
          { profiles: names, skipped },
        );
      for (const { key } of skipped) delete all[key];
      return { levels: all, priority, skipped };
    },
  };
}
