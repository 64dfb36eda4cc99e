import { deviceOf, devicesOf, mountDevices, mountedDevices } from "../host/device/index.ts";
import { deviceLines } from "../host/lxc/index.ts";
import { release } from "../host/pseudofs/index.ts";
import type { LevelDoor } from "./level-door.ts";
import type { Paths } from "./paths.ts";

const namesOf = (text: string | undefined): string[] => (text ?? "").split(",").filter(Boolean);

/** Devices that a guest has beside those of every guest: `allow`, names below /dev. They come at a start. */
export function openDevices(paths: Pick<Paths, "devices">): LevelDoor {
  return {
    missing: () => null,
    check(_file, text) {
      const gone = namesOf(text).find((name) => deviceOf(name) === null);
      return gone === undefined ? null : `names /dev/${gone}, which this host hasn't`;
    },
    read: ({ uuid }) => (mountedDevices(paths.devices(uuid)) ?? []).join(","),
    // The table says that they aren't live, so nothing is ever written while a container runs.
    write: async () => undefined,
    prepare({ uuid, base }, values) {
      const devices = devicesOf(namesOf(values.allow));
      if (devices.length > 0) mountDevices(paths.devices(uuid), base, devices);
    },
    config: ({ uuid }, values) =>
      devicesOf(namesOf(values.allow)).flatMap((device) =>
        deviceLines(device, `${paths.devices(uuid)}/${device.name}`),
      ),
    release({ uuid }) {
      release(paths.devices(uuid));
    },
  };
}
