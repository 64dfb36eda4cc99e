/** An engine without a host: the same interface over arrays in memory, for tests of what stands on it. */
import type { Engine, ExecRequest, ExecSession } from "../../src/engine/index.ts";
import { commitments } from "../../src/plan/admission.ts";
import type { ContainerInfo } from "../../src/spec/container.ts";
import type { Counter } from "../../src/spec/counter.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import type { WarrenEvent } from "../../src/spec/event.ts";
import type { ImageSummary } from "../../src/spec/image.ts";
import { isEnded, type OperationRecord } from "../../src/spec/operation.ts";
import type { Pool } from "../../src/spec/pool.ts";
import type { Profile } from "../../src/spec/profile.ts";
import type { SnapshotSummary } from "../../src/spec/snapshot.ts";
import type { ContainerUsage } from "../../src/spec/usage.ts";

export const container = (name: string): ContainerInfo => ({
  name,
  state: "running",
  image: "busybox",
  addresses: ["10.0.0.2"],
  created: "2026-01-01T00:00:00.000Z",
  uptime: 1,
  processes: 1,
  memory: 1,
  uuid: `uuid-${name}`,
  imageDigest: "sha256:00",
  init: "busybox",
  initPid: 1,
  idmap: { base: 1_000_000, size: 65_536 },
  rootfs: "/r",
  cgroup: "warren/x",
  link: "wr-1",
  capabilities: [],
  apparmor: null,
  levels: {},
  pending: {},
  usage: usage(name),
  failure: null,
  wanted: "running",
  priority: 0,
  profiles: [],
  pool: "default",
  snapshots: [],
  schedule: null,
  version: 7,
});

/** What a container of the fake engine uses. */
export const usage = (name: string): ContainerUsage => ({
  name,
  state: "running",
  at: 0,
  uptime: 1,
  cpu: 0,
  memory: 1,
  memoryLimit: null,
  tasks: 1,
  ioRead: null,
  ioWrite: null,
  netIn: 0,
  netOut: 0,
  pressure: { cpu: null, memory: null, io: null },
  nearest: null,
  fail: 0,
});

export const image = (alias: string): ImageSummary => ({
  digest: `sha256:${alias}`,
  aliases: [alias],
  size: 1,
  created: "2026-01-01T00:00:00.000Z",
  containers: [],
  init: "busybox",
  architecture: "amd64",
  description: "",
  source: "built-in:busybox",
});

export const snapshot = (name: string): SnapshotSummary => ({
  name,
  container: "web",
  comment: "",
  created: "2026-01-01T00:00:00.000Z",
  expires: null,
  by: "hand",
  method: "copy",
  image: "busybox",
  id: `id-${name}`,
});

export const profile = (name: string): Profile => ({
  name,
  description: "",
  levels: { "memory.limit": "25%" },
  priority: null,
  builtin: ["small", "large"].includes(name),
  created: null,
  version: 3,
});

export const pool = (name: string): Pool => ({
  name,
  kind: name === "default" ? "state" : "loop",
  type: "btrfs",
  path: `/pools/${name}`,
  source: null,
  missing: null,
  isDefault: name === "default",
  capabilities: { spaceQuota: true, inodeQuota: false, dfShowsQuota: false, cheapSnapshot: true },
  room: { size: 1024 ** 3, used: 1024 ** 2, free: 1023 * 1024 ** 2, files: 0, filesFree: 0 },
  containers: 0,
  created: null,
});

const NOTHING = { memory: 0, swap: 0, cpu: 0, pids: 0, disk: 0 };

/** What a container of the fake engine counted. */
export const counter = (name: string): Counter => ({
  container: name,
  key: "memory.limit",
  unit: "bytes",
  held: 512 * 1024 ** 2,
  peak: 600 * 1024 ** 2,
  limit: 1024 ** 3,
  fail: 3,
  firstFail: "2026-01-01T00:00:01.000Z",
  lastFail: "2026-01-01T00:00:09.000Z",
  lastProcess: { name: "dd", pid: 7, time: "2026-01-01T00:00:09.000Z" },
  since: "2026-01-01T00:00:00.000Z",
  reboots: 0,
  rebooted: null,
});

export interface FakeEngine extends Engine {
  /** Each call that makes an operation, as it came. */
  asked: { kind: string; args: unknown[] }[];
  /** Ends an operation. */
  end(id: string, how: Partial<OperationRecord>): void;
  emit(event: Omit<WarrenEvent, "seq" | "time">): void;
  /** Files by path. */
  stored: Map<string, Uint8Array>;
  /** Makes the session of the next `exec` or `console`. */
  session: (request: ExecRequest) => ExecSession;
}

const none = (
  what: string,
  code: "NO_CONTAINER" | "NO_IMAGE" | "NO_OPERATION" | "NO_FILE" | "NO_PROFILE" | "NO_POOL" | "NO_SNAPSHOT",
): never => {
  throw new WarrenError(code, `there is no ${what}`, "look");
};

export function fakeEngine(names: string[] = []): FakeEngine {
  const operations = new Map<string, OperationRecord>();
  const events: WarrenEvent[] = [];
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const go of wakers) go();
    wakers.clear();
  };
  const changed = (signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      wakers.add(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  const known = (name: string): string =>
    names.includes(name) ? name : none(`container "${name}"`, "NO_CONTAINER");
  const make =
    (kind: string) =>
    (...args: unknown[]): OperationRecord => {
      fake.asked.push({ kind, args });
      const record: OperationRecord = {
        id: `op-${operations.size + 1}`,
        kind,
        targets: [],
        state: "running",
        progress: { step: "", done: 0, total: 0, unit: "steps" },
        created: "",
        updated: "",
      };
      operations.set(record.id, record);
      return record;
    };
  const onOne =
    (kind: string) =>
    (name: string, ...args: unknown[]): OperationRecord =>
      make(kind)(known(name), ...args);
  const operation = (id: string): OperationRecord =>
    operations.get(id) ?? none(`operation "${id}"`, "NO_OPERATION");

  const fake: FakeEngine = {
    asked: [],
    stored: new Map(),
    session: () => {
      throw new WarrenError("NOT_RUNNING", "it does not run", "start it");
    },
    end(id, how) {
      operations.set(id, { ...operation(id), state: "done", ...how });
      wake();
    },
    emit(event) {
      events.push({ ...event, seq: events.length + 1, time: "2026-01-01T00:00:00.000Z" });
      wake();
    },
    version: async () => ({ version: "0", api: "v1", lxc: "5", kernel: "6", cgroup: "v1" }),
    containers: {
      list: (filter = {}) => names.filter((name) => name.includes(filter.name ?? "")).map(container),
      info: async (name) => container(known(name)),
      usage: (filter = {}) => names.filter((name) => name.includes(filter.name ?? "")).map(usage),
      create: make("container.create"),
      start: onOne("container.start"),
      stop: onOne("container.stop"),
      restart: onOne("container.restart"),
      freeze: onOne("container.freeze"),
      thaw: onOne("container.thaw"),
      delete: onOne("container.delete"),
      rename: onOne("container.rename"),
      copy(from, ...rest) {
        if (!names.includes(from.split("/")[0]!)) none(`container "${from}"`, "NO_CONTAINER");
        return make("container.copy")(from, ...rest);
      },
      move: onOne("container.move"),
      setPriority: () => undefined,
      async *logs(name, { follow, signal }) {
        known(name);
        yield new TextEncoder().encode("line\n");
        while (follow && !signal.aborted) await changed(signal);
      },
    },
    levels: {
      catalogue: () => [],
      get: async (name) => ({ [known(name)]: { wanted: 1, effective: 1, saved: null, pending: null } }),
      set: async (name, change) => {
        fake.asked.push({ kind: "levels.set", args: [known(name), change] });
        return { applied: {}, saved: change.save, pending: [], note: "" };
      },
    },
    counters: { list: async (all = names) => all.map((name) => counter(known(name))) },
    exec: {
      exec: async (_, request) => fake.session(request),
      console: async () => fake.session({ command: [] }),
    },
    files: {
      stat: async (_, path) => {
        const size = fake.stored.get(path)?.length;
        if (path === "/")
          return { name: "", type: "directory", size: 0, mode: 0o755, uid: 0, gid: 0, mtime: "" };
        if (size === undefined) return none(path, "NO_FILE");
        return { name: path, type: "file", size, mode: 0o4755, uid: 5, gid: 6, mtime: "" };
      },
      list: async () => [],
      read: async (name, path) => ({
        stat: await fake.files.stat(name, path),
        body: new Response(new Uint8Array(fake.stored.get(path)!)).body!,
      }),
      write: async (_, path, body, owner) => {
        fake.asked.push({ kind: "files.write", args: [owner] });
        fake.stored.set(path, await new Response(body).bytes());
      },
      remove: async (_, path) => {
        if (!fake.stored.delete(path)) none(path, "NO_FILE");
      },
      archive: async () => new Blob(["tar"]).stream(),
    },
    images: {
      list: () => ["b/1", "a/1"].map(image),
      info: (ref) => (ref === "a/1" ? image(ref) : none(`image "${ref}"`, "NO_IMAGE")),
      build: make("image.build"),
      pull: make("image.pull"),
      import({ body, ...o }) {
        const record = make("image.import")(o);
        void new Response(body).bytes().then((bytes) => fake.end(record.id, { result: bytes.length }));
        return record;
      },
      export: async () => new Blob(["archive"]).stream(),
      setAliases: (ref, aliases) => ({ ...fake.images.info(ref), aliases }),
      publish: make("image.publish"),
      delete: make("image.delete"),
      measure: async (images) => images.map((one) => ({ ...one, own: one.size, shared: 0 })),
      prune: make("image.prune"),
      check: make("image.check"),
    },
    share: {
      report: async () => ({
        total: { diskShared: 4, diskPrivate: 3, cacheShared: 2, regainable: 1, mapped: { rss: 8, pss: 5 } },
        containers: [],
      }),
      run: make("container.share"),
      undo: make("container.unshare"),
    },
    snapshots: {
      list: (name) => (name === "none" ? none('container "none"', "NO_CONTAINER") : ["a", "b"].map(snapshot)),
      info: (_, name) => (name === "a" ? snapshot(name) : none(`snapshot "${name}"`, "NO_SNAPSHOT")),
      create: make("snapshot.create"),
      delete: make("snapshot.delete"),
      rename: (_, __, to) => snapshot(to),
      restore: make("snapshot.restore"),
      schedule: (...args) => void fake.asked.push({ kind: "snapshots.schedule", args }),
    },
    backups: {
      export: async () => new Blob(["export"]).stream(),
      async import({ body, ...o }) {
        const record = make("container.import")(o);
        void new Response(body).bytes().then((bytes) => fake.end(record.id, { result: bytes.length }));
        return record;
      },
    },
    operations: {
      list: () => [...operations.values()],
      get: operation,
      async wait(id, timeout, signal) {
        const over = AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
        while (!isEnded(operation(id).state) && !over.aborted) await changed(over);
        return operation(id);
      },
      cancel: operation,
    },
    events: {
      async *stream({ since, follow, signal }) {
        for (let at = since; !signal.aborted; ) {
          const next = events[at];
          if (next) {
            at = next.seq;
            yield next;
          } else if (follow) await changed(signal);
          else return;
        }
      },
    },
    pools: {
      list: async () => ["default", "fast"].map(pool),
      info: async (name) => ({
        ...(["default", "fast"].includes(name) ? pool(name) : none(`pool "${name}"`, "NO_POOL")),
        use: [],
        promised: 0,
        unlimited: 0,
      }),
      create: make("pool.create"),
      delete: make("pool.delete"),
      grow: make("pool.grow"),
      setDefault: (name) => void fake.asked.push({ kind: "pool.default", args: [name] }),
    },
    profiles: {
      list: () => ["small", "large", "mine", "also"].map(profile),
      info: (name) => (name === "mine" ? profile(name) : none(`profile "${name}"`, "NO_PROFILE")),
      create: ({ name }) => profile(name),
      change(name, change, version) {
        fake.asked.push({ kind: "profiles.change", args: [name, change, version] });
        return profile(change.name ?? name);
      },
      delete: (name) => void fake.asked.push({ kind: "profiles.delete", args: [name] }),
      import: ({ text, name = "mine" }) => ({
        profile: profile(name),
        leftOut: [{ name: "X", value: text, reason: "why" }],
      }),
      apply: make("profile.apply"),
    },
    host: {
      info: async () => ({ commitment: commitments([], [], NOTHING, NOTHING) }),
      split: ({ containers }) => ({
        containers,
        reserved: { memory: 1, pids: 1, disk: 1 },
        oversell: 1,
        levels: { "pids.limit": "7" },
      }),
      check: async () => ({ ok: true, checks: [] }),
    },
  };
  return fake;
}
