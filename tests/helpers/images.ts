import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEvents } from "../../src/engine/event.ts";
import { createImages, type Images } from "../../src/engine/image.ts";
import { createOperations, type Operations } from "../../src/engine/operation.ts";
import { DEFAULT_SOURCES, type ImageSources } from "../../src/spec/config.ts";
import type { ContainerRecord } from "../../src/spec/container.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import type { ImageSummary } from "../../src/spec/image.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import type { OperationRecord } from "../../src/spec/operation.ts";
import type { Store } from "../../src/store/index.ts";
import { openStore } from "../../src/store/sqlite.ts";

/** The image part of the engine with its own state directory. */
export interface ImageRig extends Disposable {
  dir: string;
  state: string;
  store: Store;
  images: Images;
  operations: Operations;
  /** The image an operation made, within `patience` ms (15 minutes, for emulated hosts); throws the error it ended with. */
  result(operation: OperationRecord, patience?: number): Promise<ImageSummary>;
  /** Import of bytes. */
  take(bytes: Uint8Array<ArrayBuffer>, alias?: string): Promise<ImageSummary>;
  close(): void;
}

export function imageRig(
  dir = mkdtempSync(join(tmpdir(), "warren-image-")),
  sources: ImageSources = DEFAULT_SOURCES,
): ImageRig {
  const instance = instanceOf(dir);
  mkdirSync(instance.state, { recursive: true });
  const store = openStore(`${instance.state}/warren.db`);
  const events = createEvents(store);
  const operations = createOperations({ store, events, log: () => undefined });
  const images = createImages({ store, instance, operations, events, sources });
  const result = async ({ id }: OperationRecord, patience = 900_000) => {
    const record = await operations.wait(id, patience);
    if (record.error) throw WarrenError.from(record.error);
    return record.result as ImageSummary;
  };
  return {
    dir,
    state: instance.state,
    store,
    images,
    operations,
    result,
    take: (bytes, alias) =>
      result(images.import({ ...(alias === undefined ? {} : { alias }), body: new Blob([bytes]).stream() })),
    close: () => store.close(),
    [Symbol.dispose]() {
      store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A container's record that uses an image. */
export function containerOf(image: string, name: string): ContainerRecord {
  return {
    name,
    uuid: Bun.randomUUIDv7(),
    image,
    imageAlias: "x",
    init: "other",
    slot: 0,
    addresses: [],
    levels: {},
    wanted: "stopped",
    priority: 0,
    phase: "ready",
    identity: "pending",
    failure: null,
    started: false,
    created: new Date(0).toISOString(),
    version: 1,
  };
}

/** The error a promise ends with. */
export async function errorOf(work: Promise<unknown>): Promise<WarrenError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WarrenError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
