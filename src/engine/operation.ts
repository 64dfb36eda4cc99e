import { mayRun, type Ticket } from "../plan/queue.ts";
import { asWarrenError, WarrenError } from "../spec/errors.ts";
import type { Log } from "../spec/log.ts";
import { isEnded, type OperationRecord } from "../spec/operation.ts";
import type { Store } from "../store/index.ts";
import type { Events } from "./event.ts";
import { undoList } from "./undo.ts";

/** What running work may do besides its work. */
export interface Work {
  id: string;
  signal: AbortSignal;
  progress(step: string, done?: number, total?: number, unit?: OperationRecord["progress"]["unit"]): void;
  /** Adds a way back, run in reverse order when the work fails or is cancelled. */
  undo(what: string, back: () => void | Promise<void>): void;
  /** What was done so far stays, also when the work fails later. */
  keep(): void;
}

export interface Submission {
  kind: string;
  targets: string[];
  /** `container:web`, `image:debian/13`: one operation per lock at a time, in the order they came. */
  locks: string[];
  run(work: Work): Promise<unknown>;
}

export interface Operations {
  submit(submission: Submission): OperationRecord;
  /** Runs `work` under `locks` without a record: for short work whose caller waits, like a change of levels. */
  locked<T>(locks: string[], work: () => Promise<T>): Promise<T>;
  list(filter?: { state?: string }): OperationRecord[];
  get(id: string): OperationRecord;
  /** Resolves with the record once it ended, or as it is after `timeout` ms. */
  wait(id: string, timeout: number, signal?: AbortSignal): Promise<OperationRecord>;
  cancel(id: string): OperationRecord;
  /** At the daemon's end: waits for what runs, cancels what takes longer than `patience` ms. */
  drain(patience: number): Promise<void>;
  /** At start: what an earlier daemon left unfinished is told as failed. */
  recover(): void;
}

/** Ended operations kept for `operation list`. */
const KEPT = 500;

interface Job extends Ticket {
  begin(): void;
  abort: AbortController;
}

export function createOperations(deps: { store: Store; events: Events; log: Log }): Operations {
  const { store, events, log } = deps;
  const jobs = new Map<string, Job>();
  const live = new Map<string, OperationRecord>();
  const waiters = new Map<string, Set<(record: OperationRecord) => void>>();

  const schedule = (): void => {
    for (const id of mayRun([...jobs.values()])) {
      const job = jobs.get(id)!;
      job.running = true;
      job.begin();
    }
  };
  const finish = (id: string): void => {
    jobs.delete(id);
    schedule();
  };

  const save = (record: OperationRecord, tell = true): void => {
    record.updated = new Date().toISOString();
    store.operations.update(record.id, () => structuredClone(record));
    if (tell)
      events.emit({
        type: "operation-updated",
        operation: record.id,
        details: { kind: record.kind, targets: record.targets, state: record.state },
      });
    if (!isEnded(record.state)) return;
    live.delete(record.id);
    for (const told of waiters.get(record.id) ?? []) told(record);
    waiters.delete(record.id);
  };

  const prune = (): void => {
    const ended = store.operations.list().filter((o) => isEnded(o.state));
    const old = ended.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, -KEPT);
    for (const o of old) store.operations.delete(o.id);
  };

  const execute = async (record: OperationRecord, job: Job, run: Submission["run"]): Promise<void> => {
    const undo = undoList(log);
    try {
      if (job.abort.signal.aborted)
        throw new WarrenError("CANCELLED", `${record.kind} was cancelled before it began`);
      record.state = "running";
      record.result = await run({
        id: record.id,
        signal: job.abort.signal,
        undo: undo.add,
        keep: undo.keep,
        progress(step, done = 0, total = 0, unit = "steps") {
          record.progress = { step, done, total, unit };
        },
      });
      record.state = "done";
      record.progress = { ...record.progress, step: "done" };
    } catch (thrown) {
      const error = asWarrenError(thrown);
      await undo.unwind();
      record.state = error.code === "CANCELLED" ? "cancelled" : "failed";
      record.error = error.body();
      log(error.code === "BUG" ? "error" : "info", "operation failed", {
        operation: record.id,
        kind: record.kind,
        targets: record.targets,
        error: error.message,
        ...(error.code === "BUG" ? { stack: (error.cause as Error | undefined)?.stack } : {}),
      });
    }
    save(record);
    finish(record.id);
  };

  return {
    submit({ kind, targets, locks, run }) {
      const now = new Date().toISOString();
      const record: OperationRecord = {
        id: Bun.randomUUIDv7(),
        kind,
        targets,
        state: "queued",
        progress: { step: "waiting", done: 0, total: 0, unit: "steps" },
        created: now,
        updated: now,
      };
      store.operations.insert(record.id, structuredClone(record));
      live.set(record.id, record);
      const job: Job = {
        id: record.id,
        locks,
        running: false,
        abort: new AbortController(),
        begin: () => void execute(record, job, run),
      };
      jobs.set(record.id, job);
      if (store.operations.list().length > 2 * KEPT) prune();
      schedule();
      return record;
    },
    locked: (locks, work) =>
      new Promise((resolve, reject) => {
        const id = Bun.randomUUIDv7();
        const begin = () =>
          void work()
            .then(resolve, reject)
            .finally(() => finish(id));
        jobs.set(id, { id, locks, running: false, abort: new AbortController(), begin });
        schedule();
      }),
    list: (filter) =>
      store.operations
        .list()
        .map((o) => live.get(o.id) ?? o)
        .filter((o) => !filter?.state || o.state === filter.state)
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    get: (id) => live.get(id) ?? known(store, id),
    wait(id, timeout, signal) {
      const record = live.get(id) ?? known(store, id);
      if (isEnded(record.state)) return Promise.resolve(record);
      return new Promise((resolve) => {
        const set = waiters.get(id) ?? new Set();
        waiters.set(id, set);
        const done = (answer: OperationRecord) => {
          clearTimeout(timer);
          set.delete(done);
          signal?.removeEventListener("abort", early);
          resolve(answer);
        };
        const early = () => done(record);
        const timer = setTimeout(early, timeout);
        signal?.addEventListener("abort", early, { once: true });
        set.add(done);
      });
    },
    cancel(id) {
      const record = live.get(id) ?? known(store, id);
      const job = jobs.get(id);
      if (job && !isEnded(record.state)) job.abort.abort();
      return record;
    },
    async drain(patience) {
      const over = async (ms: number): Promise<boolean> => {
        for (const until = Date.now() + ms; jobs.size > 0 && Date.now() < until; ) await Bun.sleep(10);
        return jobs.size === 0;
      };
      if (await over(patience)) return;
      for (const job of jobs.values()) job.abort.abort();
      if (!(await over(patience))) log("warn", "work was under way at the end; the next start clears it up");
    },
    recover() {
      for (const old of store.operations.list().filter((o) => !isEnded(o.state))) {
        const error = new WarrenError(
          "FAILED",
          `the daemon ended while ${old.kind} of ${old.targets.join(", ")} was under way; what it had begun was undone`,
          "run it again",
        );
        save({ ...old, state: "failed", error: error.body() });
      }
      prune();
    },
  };
}

function known(store: Store, id: string): OperationRecord {
  const record = store.operations.get(id);
  if (record) return record;
  throw new WarrenError("NO_OPERATION", `there is no operation "${id}"`, "see `warren operation list`");
}
