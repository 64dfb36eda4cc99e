import type { Confinement } from "../host/apparmor/index.ts";
import type { Cgroups } from "../host/cgroup/index.ts";
import type { Shifts } from "../host/idmap/index.ts";
import type { Lowers, Objects } from "../host/object/index.ts";
import type { Exits } from "../host/pidfd/index.ts";
import type { Quotas } from "../host/quota/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";
import type { Log } from "../spec/log.ts";
import { containerName } from "../spec/name.ts";
import type { Store } from "../store/index.ts";
import type { Admission } from "./admission.ts";
import type { Events } from "./event.ts";
import type { Collector } from "./garbage.ts";
import type { Images } from "./image.ts";
import type { Levels } from "./level.ts";
import type { LevelDoors } from "./level-door.ts";
import type { Network } from "./network.ts";
import type { Operations } from "./operation.ts";
import type { Paths } from "./paths.ts";
import type { Pools } from "./pool.ts";
import type { Profiles } from "./profile.ts";
import type { Runtime } from "./runtime.ts";
import type { Surveys } from "./share-start.ts";
import type { Slots } from "./slot.ts";

/** What the rooms of the engine that handle containers work with; built once, by the daemon's wiring. */
export interface Context {
  instance: Instance;
  paths: Paths;
  store: Store;
  events: Events;
  operations: Operations;
  images: Images;
  objects: Objects;
  lowers: Lowers;
  surveys: Surveys;
  garbage: Collector;
  levels: Levels;
  doors: LevelDoors;
  pools: Pools;
  quotas: Quotas;
  profiles: Profiles;
  admission: Admission;
  network: Network;
  slots: Slots;
  cgroups: Cgroups;
  exits: Exits;
  shifts: Shifts;
  runtime: Runtime;
  /** Directory of lxcfs, `null` where there is none. */
  lxcfs: string | null;
  /** `null` where there is none. */
  apparmor: Confinement | null;
  log: Log;
}

/** The record of a container that is there for the outside. Throws BAD_NAME, NO_CONTAINER. */
export function record(store: Store, name: string): ContainerRecord {
  const found = store.containers.get(containerName(name));
  if (found && found.phase !== "deleting") return found;
  throw new WarrenError("NO_CONTAINER", `there is no container "${name}"`, "see `warren list`");
}

/** The lock under which everything that changes a container runs. */
export const lockOf = (name: string): string => `container:${name}`;
