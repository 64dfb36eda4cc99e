import { readFileSync } from "node:fs";
import { release } from "node:os";
import { version } from "../../package.json";
import { capacity } from "../host/capacity/index.ts";
import { storage } from "../host/capacity/storage.ts";
import { meminfo } from "../host/capacity/text.ts";
import { version as lxcVersion } from "../host/lxc/index.ts";
import type { Context } from "./context.ts";
import { hostChecks } from "./host-check.ts";
import { hostCommitments, hostSplit } from "./host-commitment.ts";
import type { Engine } from "./index.ts";

export function createVersion(c: Context): Engine["version"] {
  let lxc: Promise<string> | undefined;
  return async () => {
    lxc ??= lxcVersion();
    return { version, api: "v1", lxc: await lxc, kernel: release(), cgroup: c.cgroups.dialect };
  };
}

/** What the host is and has, for people and for placement. */
export function createHost(c: Context, versionOf: Engine["version"]): Engine["host"] {
  return {
    async info() {
      const total = capacity();
      const memory = meminfo(readFileSync("/proc/meminfo", "utf8"));
      const { size, free } = storage(c.instance.state);
      const { lxc, kernel, cgroup } = await versionOf();
      return {
        version,
        kernel,
        lxc,
        cgroup,
        controllers: [...c.cgroups.controllers].sort(),
        cpus: total.cpus,
        memory: { total: total.memory, available: memory.MemAvailable ?? 0 },
        swap: { total: total.swap, free: memory.SwapFree ?? 0 },
        storage: { path: c.instance.state, size, free },
        network: {
          ipv4: c.network.range4.text,
          ipv6: c.network.range6.text,
          resolvers: c.network.resolvers(),
        },
        containers: { total: c.store.containers.list().length, running: c.runtime.names().length },
        commitment: await hostCommitments(c),
        images: c.store.images.list().length,
        lxcfs: c.lxcfs,
        apparmor: c.apparmor !== null,
      };
    },
    check: () => hostChecks(c),
    split: hostSplit(c),
  };
}
