import { openDevices } from "../engine/door-device.ts";
import { openIpc } from "../engine/door-ipc.ts";
import { openMerge } from "../engine/door-merge.ts";
import { openConnectionLimits, openRates } from "../engine/door-network.ts";
import { openOom, openRlimits } from "../engine/door-process.ts";
import { openPseudofs } from "../engine/door-pseudofs.ts";
import { openQuota } from "../engine/door-quota.ts";
import type { LevelDoors } from "../engine/level-door.ts";
import type { Network } from "../engine/network.ts";
import type { Paths } from "../engine/paths.ts";
import type { Pools } from "../engine/pool.ts";
import type { Cgroups } from "../host/cgroup/index.ts";
import type { LevelHost } from "../spec/level.ts";

/** Every door to levels that aren't files of control groups, by the name that settings give as their controller. */
export function openDoors(
  paths: Paths,
  pools: Pools,
  cgroups: Cgroups,
  network: Pick<Network, "connections" | "noRates">,
  host: () => LevelHost,
): LevelDoors {
  return {
    quota: openQuota(paths, pools.quotas, pools),
    "device-nodes": openDevices(paths),
    ipc: openIpc(),
    pseudofs: openPseudofs(paths, () => host().memory),
    ksm: openMerge(cgroups),
    rlimit: openRlimits(cgroups, host),
    oom: openOom(cgroups),
    rate: openRates(network.noRates),
    connections: openConnectionLimits(network.connections),
  };
}
