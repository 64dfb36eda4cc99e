/**
 * Levels of containers: what they are, what they become, all or none of it.
 *
 * The caller holds the container's lock; nothing here waits for another change.
 */
import type { Cgroups } from "../host/cgroup/index.ts";
import { type Present, planLevels, stepText } from "../plan/level.ts";
import { UNLIMITED } from "../spec/codec.ts";
import type { ContainerRecord, LevelValue, LevelValues } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { cgroupTop, type Instance } from "../spec/instance.ts";
import type {
  LevelCatalogueRow,
  LevelChange,
  LevelCounter,
  LevelHost,
  LevelRow,
  LevelState,
} from "../spec/level.ts";
import { checkTogether, defaultLevels, FRESH_LEVELS, levelRequest, levelRow } from "../spec/level-request.ts";
import { LEVELS } from "../spec/levels.ts";
import type { Store } from "../store/index.ts";
import type { Events } from "./event.ts";
import { catalogueRow, checkSaved, levelNote } from "./level-answer.ts";
import { applyLevels } from "./level-apply.ts";
import {
  readCounters,
  readEffective,
  readFigure,
  readPresent,
  settingsOf,
  unsupported,
  unsupportedError,
  wayOf,
} from "./level-kernel.ts";
import { type LiveLevels, liveLevels } from "./level-live.ts";

/** What the room needs of the others. */
export interface LevelDeps {
  store: Pick<Store, "containers" | "settings" | "transaction">;
  cgroups: Cgroups;
  events: Pick<Events, "emit">;
  instance: Instance;
  hostFacts: () => LevelHost;
  /** The container's own group and its init, or `null` while it doesn't run. */
  running: (name: string) => { cgroup: string; pid: number } | null;
}

/** A kernel file that puts a level in force before init's first instruction, and what is written to it. */
export interface StartValue {
  controller: string;
  file: string;
  value: string;
  /** Whether the group inside, which the guest gets, must be brought there first: the kernel lets none exceed its parent. */
  nested: boolean;
}

export interface LevelRequest {
  set: Record<string, string>;
  save: boolean;
  dryRun: boolean;
}

export interface Levels {
  catalogue(): LevelCatalogueRow[];
  get(name: string): Promise<Record<string, LevelState>>;
  /** Throws NO_CONTAINER, NO_LEVEL, BAD_VALUE, UNSUPPORTED, NOT_RUNNING, REFUSED, FAILED; then nothing was changed. */
  set(name: string, change: LevelRequest): Promise<LevelChange>;
  /** What must be written at a start, in order; begins a new run, so what was live and not saved is forgotten. */
  startValues(record: ContainerRecord): StartValue[];
  /** Brings a running container to its saved levels (after a reboot from inside). Throws REFUSED, FAILED. */
  apply(name: string): Promise<void>;
  /** Values for a new container's record, from text. Throws NO_LEVEL, BAD_VALUE, UNSUPPORTED. */
  parseRequest(levels: Record<string, string>): LevelValues;
  /** Saved values that wait for a restart. */
  pending(record: ContainerRecord): LevelValues;
  /** Held, peak, limit and failures of a running container; empty when it doesn't run. */
  readCounters(name: string): LevelCounter[];
  /** Bytes and tasks (threads counted) held by a group now: two reads, for lists. */
  usage(cgroup: string): { memory: number | null; tasks: number | null };
}

const sameValue = (row: LevelRow, a: LevelValue, b: LevelValue) =>
  row.codec.format(a) === row.codec.format(b);

export function createLevels(deps: LevelDeps): Levels {
  const { store, cgroups, events, instance, hostFacts, running } = deps;
  const { dialect } = cgroups;
  const live: LiveLevels = liveLevels(store);
  const top = cgroupTop(instance);
  const why = (row: LevelRow) => unsupported(row, cgroups, top);

  function recordOf(name: string): ContainerRecord {
    const record = store.containers.get(name);
    if (record) return record;
    throw new WarrenError("NO_CONTAINER", `there is no container "${name}"`, "see `warren list`", { name });
  }
  const savedOf = (record: ContainerRecord, host: LevelHost): LevelValues => ({
    ...defaultLevels(host),
    ...record.levels,
  });
  const wantedOf = (record: ContainerRecord, run: string, host: LevelHost): LevelValues => ({
    ...savedOf(record, host),
    ...live.get(record.uuid, run),
  });

  function parse(set: Record<string, string>, host: LevelHost): LevelValues {
    const values = levelRequest(set, host);
    for (const key of Object.keys(values)) {
      const row = levelRow(key);
      const reason = why(row);
      if (reason !== null) throw unsupportedError(row, reason);
    }
    return values;
  }

  /** Stores values; the last step of every change. */
  function save(name: string, values: LevelValues): void {
    store.containers.update(name, (old) => ({ ...old, levels: { ...old.levels, ...values } }));
  }

  /** Saved values of rows that only a start brings in force, where the kernel has another. */
  function pending(record: ContainerRecord): LevelValues {
    const run = running(record.name);
    if (!run || LEVELS.every(({ live: now }) => now)) return {};
    const saved = savedOf(record, hostFacts());
    const effective = readEffective(cgroups, run.cgroup, hostFacts());
    const waiting = LEVELS.filter(
      (row) =>
        !row.live && why(row) === null && !sameValue(row, saved[row.key] ?? null, effective[row.key] ?? null),
    );
    return Object.fromEntries(waiting.map(({ key }) => [key, saved[key] ?? null]));
  }

  /** Plans and does the change to `want` of `keys`, then `keep`. */
  async function change(
    group: string,
    keys: readonly string[],
    want: LevelValues,
    host: LevelHost,
    keep: () => void,
  ) {
    const attempt = async (left: number): Promise<void> => {
      const have = readPresent(cgroups, group, settingsOf(keys, dialect), host);
      complete(group, keys, have);
      const steps = planLevels(have, want, host);
      await applyLevels({ cgroups, group, steps, have, want, host, keep }).catch((error: WarrenError) => {
        // A guest that makes groups of its own just then makes the plan stale, which a new one cures.
        const stale = have.some(({ setting }) => setting.nesting) && error.code === "FAILED";
        if (!stale || left === 0 || error.details?.stayed) throw error;
        return attempt(left - 1);
      });
    };
    await attempt(2);
  }

  /** Throws FAILED when a level's setting isn't there: its group went away under our hands. */
  function complete(group: string, keys: readonly string[], have: readonly Present[]): void {
    const missing = keys.find((key) => !have.some(({ setting }) => setting.of[0] === key));
    if (missing === undefined) return;
    const fix = "see whether the container still runs";
    throw new WarrenError("FAILED", `${missing} can't be set: the group ${group} is gone`, fix, {
      key: missing,
      group,
    });
  }

  async function set(name: string, request: LevelRequest): Promise<LevelChange> {
    const host = hostFacts();
    const record = recordOf(name);
    const values = parse(request.set, host);
    const keys = Object.keys(values);
    const run = running(name);
    if (!run && !request.save)
      throw new WarrenError(
        "NOT_RUNNING",
        `"${name}" doesn't run, so there is nothing to change live`,
        "add --save",
        {
          name,
        },
      );
    if (request.save) checkTogether({ ...savedOf(record, host), ...values }, dialect);
    const later = run ? keys.filter((key) => !levelRow(key).live) : [];
    if (later.length > 0 && !request.save)
      throw new WarrenError(
        "REFUSED",
        `${later.join(", ")} can't change while "${name}" runs`,
        "add --save and restart",
      );
    const now = Object.fromEntries(Object.entries(values).filter(([key]) => !later.includes(key)));
    const answer = {
      applied: values,
      saved: request.save,
      pending: later,
      note: levelNote(name, run !== null, request, later),
    };

    if (!run) {
      if (request.dryRun) return { ...answer, saved: false, plan: [] };
      save(name, values);
    } else {
      const want = { ...wantedOf(record, String(run.pid), host), ...now };
      checkTogether(want, dialect);
      if (request.dryRun) {
        const have = readPresent(cgroups, run.cgroup, settingsOf(Object.keys(now), dialect), host);
        return { ...answer, saved: false, plan: planLevels(have, want, host).map(stepText) };
      }
      const unsaved = { ...live.get(record.uuid, String(run.pid)) };
      for (const key of keys) delete unsaved[key];
      await change(run.cgroup, Object.keys(now), want, host, () =>
        store.transaction(() => {
          live.set(record.uuid, String(run.pid), request.save ? unsaved : { ...unsaved, ...now });
          if (request.save) save(name, values);
        }),
      );
    }
    events.emit({ type: "level-changed", container: name, details: { levels: values, saved: request.save } });
    return answer;
  }

  return {
    set,
    pending,
    catalogue() {
      const host = hostFacts();
      return LEVELS.map((row) => catalogueRow(row, why(row), host));
    },
    async get(name) {
      const host = hostFacts();
      const record = recordOf(name);
      const run = running(name);
      const saved = savedOf(record, host);
      const wanted = run ? wantedOf(record, String(run.pid), host) : saved;
      const effective = run ? readEffective(cgroups, run.cgroup, host) : {};
      const waiting = pending(record);
      const state = ({ key }: LevelRow): LevelState => ({
        wanted: wanted[key] ?? null,
        effective: effective[key] ?? null,
        saved: saved[key] ?? null,
        pending: key in waiting ? (waiting[key] ?? UNLIMITED) : null,
      });
      return Object.fromEntries(LEVELS.map((row) => [row.key, state(row)]));
    },
    startValues(record) {
      const host = hostFacts();
      live.forget(record.uuid);
      const levels = savedOf(record, host);
      checkSaved(record, host, why);
      return LEVELS.flatMap((row) => {
        const settings = why(row) === null ? (wayOf(row, dialect)?.settings ?? []) : [];
        return settings.flatMap(({ controller, file, text, nesting }) => {
          const value = text(levels, host);
          const fresh = text(FRESH_LEVELS, host);
          const nested = nesting !== undefined && nesting.settle([fresh], fresh, value) !== fresh;
          return value === fresh ? [] : [{ controller, file, value, nested }];
        });
      });
    },
    async apply(name) {
      const host = hostFacts();
      const record = recordOf(name);
      const run = running(name);
      if (!run)
        throw new WarrenError("NOT_RUNNING", `"${name}" doesn't run`, `start it: warren start ${name}`, {
          name,
        });
      const keys = LEVELS.filter((row) => row.live && why(row) === null).map(({ key }) => key);
      await change(run.cgroup, keys, savedOf(record, host), host, () => live.forget(record.uuid));
    },
    parseRequest(levels) {
      const host = hostFacts();
      const values = parse(levels, host);
      checkTogether({ ...defaultLevels(host), ...values }, dialect);
      return values;
    },
    readCounters(name) {
      const run = running(name);
      return run ? readCounters(cgroups, run.cgroup) : [];
    },
    usage(cgroup) {
      const held = (key: string): number | null => {
        const value = readFigure(cgroups, cgroup, wayOf(levelRow(key), dialect)?.held);
        return typeof value === "number" ? value : null;
      };
      return { memory: held("memory.limit"), tasks: held("pids.limit") };
    },
  };
}
