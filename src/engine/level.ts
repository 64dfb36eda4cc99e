/**
 * Levels of containers: what they are, what they become, all or none of it.
 *
 * The caller holds the container's lock; nothing here waits for another change.
 */
import type { Cgroups } from "../host/cgroup/index.ts";
import { type Present, planLevels, stepText } from "../plan/level.ts";
import { badValue, UNLIMITED } from "../spec/codec.ts";
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
import { containerName } from "../spec/name.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import type { Store } from "../store/index.ts";
import type { Events } from "./event.ts";
import { giveAbove, levelsAbove, secondedAbove } from "./level-above.ts";
import { catalogueRow, checkSaved, levelNote } from "./level-answer.ts";
import { applyLevels } from "./level-apply.ts";
import {
  type DoorValues,
  kernelOf,
  type LevelDoors,
  type LevelKernel,
  type LevelTarget,
  lookAll,
} from "./level-door.ts";
import { tellInside } from "./level-inside.ts";
import {
  controllersOf,
  dependsOn,
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
  /** What isn't files of control groups. */
  doors: LevelDoors;
  events: Pick<Events, "emit">;
  instance: Instance;
  /** What the host has, its disks those of a pool; the default one unless told. */
  hostFacts: (pool?: string) => LevelHost;
  /** The container as it runs, or `null` while it doesn't. */
  running: (name: string) => (LevelTarget & { pid: number }) | null;
}

/** What puts levels in force before init's first instruction. */
export interface StartValues {
  files: StartValue[];
  /** Words for each door, those that are a fresh container's anyway left out. */
  doors: Readonly<Record<string, DoorValues>>;
}

/** A kernel file and what is written to it. */
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
  /** Also when guarantees come to more than the host has; looked at by who admits, not here. */
  overcommit?: boolean | undefined;
}

export interface Levels {
  /** Of the host, or of containers in a pool. */
  catalogue(pool?: string): LevelCatalogueRow[];
  get(name: string): Promise<Record<string, LevelState>>;
  /** Throws NO_CONTAINER, NO_LEVEL, BAD_VALUE, UNSUPPORTED, NOT_RUNNING, REFUSED, FAILED; then nothing was changed. */
  set(name: string, change: LevelRequest): Promise<LevelChange>;
  /**
   * What must be written at a start, in order. Not `again`, it begins a new run, so what was live and not saved is
   * forgotten; `again`, it also names what a reboot from within must take back.
   */
  startValues(record: ContainerRecord, again: boolean): StartValues;
  /** Brings a running container to its saved levels (after a reboot from inside). Throws REFUSED, FAILED. */
  apply(name: string): Promise<void>;
  /** Takes back what was set live in a run that is over and outlived it, where the hook could not. */
  settle(name: string): Promise<void>;
  /** Values for the record of a new container in a pool, from text. Throws NO_LEVEL, BAD_VALUE, UNSUPPORTED. */
  parseRequest(levels: Record<string, string>, pool?: string): LevelValues;
  /** What is wanted of each container that runs. */
  wantedAll(): Map<string, LevelValues>;
  /** After a container with such levels began or ended: gives the group above what all have together. Throws FAILED. */
  giveAbove(record: ContainerRecord): Promise<void>;
  /** Saved values that wait for a restart. */
  pending(record: ContainerRecord): Promise<LevelValues>;
  /** Held, peak, limit and failures of a running container; empty when it doesn't run. */
  readCounters(name: string): Promise<LevelCounter[]>;
  /** Bytes and tasks (threads counted) held by a group now: two reads, for lists. */
  usage(cgroup: string): { memory: number | null; tasks: number | null };
}

const sameValue = (row: LevelRow, a: LevelValue, b: LevelValue) =>
  row.codec.format(a) === row.codec.format(b);

export function createLevels(deps: LevelDeps): Levels {
  const { store, cgroups, doors, events, instance, hostFacts, running } = deps;
  const { dialect } = cgroups;
  const live: LiveLevels = liveLevels(store);
  const top = cgroupTop(instance);
  const above = levelsAbove(dialect);
  const why = (row: LevelRow, host: LevelHost, pool?: string) =>
    unsupported(row, cgroups, doors, top, host, pool);
  const supported = (host: LevelHost, { pool = DEFAULT_POOL }: ContainerRecord) =>
    LEVELS.filter((row) => why(row, host, pool) === null);
  const rowsOf = (keys: Iterable<string>) => [...keys].map(levelRow);

  /** What levels of a running container are read from, with everything that must be asked for asked. */
  async function openFor(
    target: LevelTarget,
    rows: readonly LevelRow[],
    afresh = false,
  ): Promise<LevelKernel> {
    await lookAll(doors, target, controllersOf(rows, dialect), afresh);
    return kernelOf(cgroups, doors, target);
  }

  function recordOf(name: string): ContainerRecord {
    const record = store.containers.get(containerName(name));
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

  /** With `back` a level that can't be had may go back to its default: its kernel may have been able to once. */
  function parse(
    set: Record<string, string>,
    host: LevelHost,
    pool = DEFAULT_POOL,
    back = false,
  ): LevelValues {
    const values = levelRequest(set, host);
    for (const key of Object.keys(values)) {
      const row = levelRow(key);
      const reason = why(row, host, pool);
      if (reason !== null && !(back && row.codec.format(values[key] ?? null) === row.default))
        throw unsupportedError(row, reason);
      for (const { controller, file, of, text } of wayOf(row, dialect)?.settings ?? []) {
        const wrong = of[0] === key ? doors[controller]?.check?.(file, text(values, host)) : null;
        if (wrong)
          throw badValue(key, row.codec.format(values[key] ?? null), wrong, `use ${row.codec.forms}`);
      }
    }
    return values;
  }

  /** Brings the group above to what all containers have together; `also` is one whose values aren't kept yet. */
  async function giveAll(also: readonly string[] = []): Promise<void> {
    const unsaved = live.all();
    const groups = store.containers.list().flatMap(({ name, uuid, levels }) => {
      const run = running(name);
      const keys = run ? Object.keys({ ...levels, ...unsaved(uuid, String(run.pid)) }) : [];
      return run && keys.some((key) => above.has(key)) ? [run.cgroup] : [];
    });
    await giveAbove(cgroups, top, [...new Set([...groups, ...also])]);
  }

  /** The same kernel, where a write of `group` that counts only beneath the group above is seconded there. */
  const counting = (kernel: LevelKernel, group: string): LevelKernel => ({
    ...kernel,
    async write(at, controller, file, text) {
      await kernel.write(at, controller, file, text);
      if (at === group && secondedAbove(dialect, controller, file)) await giveAll([group]);
    },
  });

  /** Stores values; the last step of every change. */
  function save(name: string, values: LevelValues): void {
    store.containers.update(name, (old) => ({ ...old, levels: { ...old.levels, ...values } }));
  }

  /** Why a level must wait for a restart, or `null`. */
  function waits(row: LevelRow, from: LevelValue, to: LevelValue, host: LevelHost): string | null {
    if (sameValue(row, from, to)) return null;
    return row.live ? (row.later?.(from, to, host) ?? null) : "it is put in force at a start";
  }

  /** Saved values that only a start brings in force, where the kernel has another. */
  async function pending(record: ContainerRecord): Promise<LevelValues> {
    const run = running(record.name);
    if (!run) return {};
    const host = hostFacts(record.pool);
    // Defaults are what a start brought, so only what somebody saved can wait.
    const rows = supported(host, record).filter(
      (row) => (!row.live || row.later) && row.key in record.levels,
    );
    if (rows.length === 0) return {};
    const effective = readEffective(await openFor(run, rows), run.cgroup, host, rows);
    const waiting = rows.filter(
      ({ key }) => waits(levelRow(key), effective[key] ?? null, record.levels[key] ?? null, host) !== null,
    );
    return Object.fromEntries(waiting.map(({ key }) => [key, record.levels[key] ?? null]));
  }

  /** Plans and does the change to `want` of `keys`, then `keep`. */
  async function change(
    target: LevelTarget,
    keys: readonly string[],
    want: LevelValues,
    host: LevelHost,
    keep: () => void,
  ) {
    const group = target.cgroup;
    const rows = rowsOf(keys);
    const settings = settingsOf(keys, dialect);
    for (const controller of new Set(settings.map((each) => each.controller)))
      await cgroups.handDown(group, controller);
    const attempt = async (left: number): Promise<void> => {
      const kernel = await openFor(target, rows);
      const have = readPresent(kernel, group, settings, host);
      complete(group, keys, have);
      const steps = planLevels(have, want, host);
      const touched = new Set(steps.map(({ controller }) => controller));
      const look = () => lookAll(doors, target, touched, false);
      const work = { cgroups: counting(kernel, group), group, steps, have, want, host, look, keep };
      await applyLevels(work).catch((error: WarrenError) => {
        // A guest that makes groups of its own just then makes the plan stale, which a new one cures.
        const stale = have.some(({ setting }) => setting.nesting) && error.code === "FAILED";
        if (!stale || left === 0 || error.details?.stayed) throw error;
        return attempt(left - 1);
      });
    };
    await attempt(2);
    await tellInside(cgroups, group);
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

  /** Values that must wait for a restart, with the reason. */
  async function waiting(
    run: LevelTarget,
    values: LevelValues,
    host: LevelHost,
  ): Promise<Record<string, string>> {
    const rows = rowsOf(Object.keys(values)).filter((row) => !row.live || row.later);
    if (rows.length === 0) return {};
    const effective = readEffective(await openFor(run, rows), run.cgroup, host, rows);
    return Object.fromEntries(
      rows.flatMap((row) => {
        const reason = waits(row, effective[row.key] ?? null, values[row.key] ?? null, host);
        return reason === null ? [] : [[row.key, reason]];
      }),
    );
  }

  async function set(name: string, request: LevelRequest): Promise<LevelChange> {
    const record = recordOf(name);
    const host = hostFacts(record.pool);
    const run = running(name);
    const values = parse(request.set, host, record.pool, run === null);
    const keys = Object.keys(values);
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
    const reasons = run ? await waiting(run, values, host) : {};
    const later = Object.keys(reasons);
    if (later.length > 0 && !request.save)
      throw new WarrenError(
        "REFUSED",
        `${later.map((key) => `${key} can't change while "${name}" runs: ${reasons[key]}`).join("; ")}`,
        "add --save and restart",
        { name, keys: later },
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
        const kernel = await openFor(run, rowsOf(Object.keys(now)));
        const settings = settingsOf(Object.keys(now), dialect);
        const have = readPresent(kernel, run.cgroup, settings, host, FRESH_LEVELS);
        return { ...answer, saved: false, plan: planLevels(have, want, host).map(stepText) };
      }
      const unsaved = { ...live.get(record.uuid, String(run.pid)) };
      for (const key of keys) delete unsaved[key];
      await change(run, Object.keys(now), want, host, () =>
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
    catalogue(pool) {
      const host = hostFacts(pool);
      return LEVELS.map((row) => {
        const depends = pool === undefined ? dependsOn(row, dialect, doors) : null;
        return catalogueRow(row, { reason: why(row, host, pool), depends }, host);
      });
    },
    async get(name) {
      const record = recordOf(name);
      const host = hostFacts(record.pool);
      const run = running(name);
      const saved = savedOf(record, host);
      const wanted = run ? wantedOf(record, String(run.pid), host) : saved;
      const effective = run ? readEffective(await openFor(run, LEVELS, true), run.cgroup, host) : {};
      const later = await pending(record);
      const state = ({ key }: LevelRow): LevelState => ({
        wanted: wanted[key] ?? null,
        effective: effective[key] ?? null,
        saved: saved[key] ?? null,
        pending: key in later ? (later[key] ?? UNLIMITED) : null,
      });
      return Object.fromEntries(LEVELS.map((row) => [row.key, state(row)]));
    },
    startValues(record, again) {
      const host = hostFacts(record.pool);
      const levels = savedOf(record, host);
      const unsaved = again ? live.last(record.uuid) : {};
      if (!again) live.forget(record.uuid);
      checkSaved(record, host, why);
      const files: StartValue[] = [];
      const words: Record<string, Record<string, string>> = {};
      const settings = LEVELS.flatMap((row) =>
        (wayOf(row, dialect)?.settings ?? []).map((each) => ({ row, ...each })),
      );
      for (const { row, controller, file, of, text, when, nesting } of settings) {
        if (when?.(levels, host) === false) continue;
        const value = text(levels, host);
        const fresh = text(FRESH_LEVELS, host);
        const door = doors[controller];
        const changed = door?.lasting && of.some((key) => key in unsaved);
        // Whether the host can do it is dear to ask, and of most levels there is nothing to say.
        if ((value === fresh && !changed) || why(row, host, record.pool ?? DEFAULT_POOL) !== null) continue;
        if (door) words[controller] = { ...words[controller], [file]: value };
        else {
          const nested = nesting !== undefined && nesting.settle([fresh], fresh, value) !== fresh;
          for (const line of value.split("\n")) files.push({ controller, file, value: line, nested });
        }
      }
      return { files, doors: words };
    },
    async apply(name) {
      const record = recordOf(name);
      const host = hostFacts(record.pool);
      const run = running(name);
      if (!run)
        throw new WarrenError("NOT_RUNNING", `"${name}" doesn't run`, `start it: warren start ${name}`, {
          name,
        });
      const saved = savedOf(record, host);
      const rows = supported(host, record).filter((row) => row.live);
      const effective = readEffective(await openFor(run, rows), run.cgroup, host, rows);
      const keys = rows
        .filter((row) => waits(row, effective[row.key] ?? null, saved[row.key] ?? null, host) === null)
        .map(({ key }) => key);
      await change(run, keys, saved, host, () => live.forget(record.uuid));
    },
    async settle(name) {
      const record = recordOf(name);
      const host = hostFacts(record.pool);
      const run = running(name);
      if (!run || Object.keys(live.get(record.uuid, String(run.pid))).length > 0) return;
      const outlives = (key: string): boolean =>
        settingsOf([key], dialect).some(({ controller }) => doors[controller]?.lasting);
      const keys = Object.keys(live.last(record.uuid)).filter(outlives);
      if (keys.length > 0)
        await change(run, keys, savedOf(record, host), host, () => live.forget(record.uuid));
    },
    async giveAbove({ uuid, levels }) {
      if (above.size === 0) return;
      const keys = Object.keys({ ...levels, ...live.last(uuid) });
      if (keys.some((key) => above.has(key))) await giveAll();
    },
    parseRequest(levels, pool) {
      const host = hostFacts(pool);
      const values = parse(levels, host, pool);
      checkTogether({ ...defaultLevels(host), ...values }, dialect);
      return values;
    },
    wantedAll() {
      const base = defaultLevels(hostFacts());
      const unsaved = live.all();
      const wanted = store.containers.list().flatMap(({ name, uuid, levels }) => {
        const run = running(name);
        return run ? [[name, { ...base, ...levels, ...unsaved(uuid, String(run.pid)) }] as const] : [];
      });
      return new Map(wanted);
    },
    async readCounters(name) {
      const run = running(name);
      return run ? readCounters(await openFor(run, LEVELS, true), run.cgroup) : [];
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
