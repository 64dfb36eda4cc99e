import type { Instance } from "../spec/instance.ts";
import type { Places } from "./pool-place.ts";

/** Where an instance keeps what belongs to a container. */
export interface Paths {
  /** The directory LXC is given with `-P`. */
  lxc: string;
  hook: string;
  /** The first program of a guest, in a mount of its own. */
  opener: string;
  trash: string;
  containers: string;
  /** Image trees, objects, and the layers of links to these. */
  images: string;
  roots: string;
  scratch: string;
  /** Directory of the pool that holds a container's files, and of the pool that a path is in. */
  place(uuid: string): string;
  holding(path: string): string;
  /** A snapshot by its id, in the pool of its container: `upper`, `work`. */
  snapshot(id: string): string;
  /** A container's own files: `upper`, `work`, `console.log`. */
  data(uuid: string): string;
  console(uuid: string): string;
  /** Where its merged root is mounted while it runs, and the directory above, which keeps the host's users out. */
  root(uuid: string): string;
  rootGuard(uuid: string): string;
  /** The guest's terminals and shared memory, mounted while it runs. */
  pts(uuid: string): string;
  shm(uuid: string): string;
  /** Nodes of the devices it was given. */
  devices(uuid: string): string;
  scratchOf(uuid: string): string;
  /** What an application's init is to do. */
  program(uuid: string): string;
  /** LXC's run-time files of a container. */
  runOf(name: string): string;
}

export function pathsOf({ state, run }: Instance, places: Places): Paths {
  const data = (uuid: string): string => `${places.of(uuid)}/containers/${uuid}`;
  return {
    lxc: `${run}/lxc`,
    hook: `${run}/hook`,
    opener: `${run}/opener/init`,
    trash: `${state}/trash`,
    containers: `${state}/containers`,
    images: `${state}/images`,
    roots: `${run}/rootfs`,
    scratch: `${run}/scratch`,
    place: places.of,
    holding: places.holding,
    snapshot: (id) => `${places.ofSnapshot(id)}/snapshots/${id}`,
    data,
    console: (uuid) => `${data(uuid)}/console.log`,
    root: (uuid) => `${run}/rootfs/${uuid}/root`,
    rootGuard: (uuid) => `${run}/rootfs/${uuid}`,
    pts: (uuid) => `${run}/rootfs/${uuid}/pts`,
    shm: (uuid) => `${run}/rootfs/${uuid}/shm`,
    devices: (uuid) => `${run}/rootfs/${uuid}/dev`,
    program: (uuid) => `${run}/rootfs/${uuid}/program`,
    scratchOf: (uuid) => `${run}/scratch/${uuid}`,
    runOf: (name) => `${run}/lxc/${name}`,
  };
}
