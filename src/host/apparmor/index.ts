/**
 * AppArmor: one profile for all containers of an instance, loaded once, and for each container a policy namespace of its
 * own, in which what runs inside counts as unconfined (Documentation/admin-guide/LSM/apparmor.rst, apparmor.d(5)).
 *
 * LXC can make a profile for each container, but compiles it anew at each start, which takes longer than all the rest of it.
 *
 * What must never happen here: a container begun without the profile where there is one to be had.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { asWarrenError, WarrenError } from "../../spec/errors.ts";
import { run, which } from "../exec/index.ts";
import { CLASSES, isLoaded, profileText } from "./text.ts";

/** What confines the containers of one instance. */
export interface Confinement {
  /** Sees to it that the profile is loaded; it replaces an older one also for containers that run. Throws FAILED with what the parser said. */
  load(): Promise<void>;
  /** Makes a container's place in it; answers the label its processes are to have. Throws as `load`. */
  begin(container: string): Promise<string>;
  /** Takes the place of one that doesn't run away. */
  end(container: string): void;
  /** The same for all but those. */
  sweep(running: ReadonlySet<string>): void;
  /** Takes all away, once no container runs. */
  stop(): void;
}

const KERNEL = "/sys/kernel/security/apparmor";
const SPACES = `${KERNEL}/policy/namespaces`;
const PROFILES = `${KERNEL}/policy/profiles`;

/** Whether the kernel has AppArmor active; `lacks` is what keeps it from being told profiles, with its cure. */
export function apparmor(): { active: boolean; lacks: { what: string; cure: string } | null } {
  const enabled = "/sys/module/apparmor/parameters/enabled";
  const active = existsSync(enabled) && readFileSync(enabled, "latin1").trim() === "Y";
  if (!existsSync(PROFILES))
    return {
      active,
      lacks: {
        what: "/sys/kernel/security is not mounted",
        cure: "mount -t securityfs securityfs /sys/kernel/security, and restart the daemon",
      },
    };
  if (which("apparmor_parser") !== null) return { active, lacks: null };
  return {
    active,
    lacks: { what: "its tools are missing", cure: "apt-get install apparmor, and restart the daemon" },
  };
}

/** Confinement for an instance, `null` where there is none to be had. `top` is a name nobody else on the host has. */
export function openConfinement(top: string): Confinement | null {
  const { active, lacks } = apparmor();
  if (!active || lacks) return null;
  // Debian lets lxc-start change to profiles of these names only (abstractions/lxc/start-container).
  const name = `lxc-${top}`;
  const spaceOf = (container: string): string => `lxc-${container}_${top}`;
  let told = false;
  let loading: Promise<void> | null = null;

  async function tell(): Promise<void> {
    let refusal: WarrenError | null = null;
    for (const classes of CLASSES) {
      const input = profileText(name, `lxc-*_${top}`, classes);
      try {
        await run(["apparmor_parser", "--replace", "--skip-cache"], { input, timeout: 60_000 });
        told = true;
        return;
      } catch (error) {
        refusal ??= asWarrenError(error);
      }
    }
    const said = String(refusal?.details?.stderr ?? refusal?.message ?? "").trim();
    throw new WarrenError(
      "FAILED",
      `AppArmor did not take the profile of containers: ${said.split("\n").at(-1) || "apparmor_parser failed"}`,
      "see `warren host check` and the kernel's log (dmesg)",
      { said },
    );
  }

  const self: Confinement = {
    async load() {
      // Once in any case, for an older Warren's may be there, and again when somebody took it away: `aa-teardown` does.
      if (told && isLoaded(readdirSync(PROFILES), name)) return;
      loading ??= tell().finally(() => {
        loading = null;
      });
      await loading;
    },
    async begin(container) {
      await self.load();
      if (!existsSync(SPACES)) return name;
      const space = spaceOf(container);
      mkdirSync(`${SPACES}/${space}`, { recursive: true });
      return `${name}//&:${space}:unconfined`;
    },
    end(container) {
      const space = `${SPACES}/${spaceOf(container)}`;
      if (existsSync(space)) rmdirSync(space);
    },
    sweep(running) {
      if (!existsSync(SPACES)) return;
      const ours = readdirSync(SPACES).flatMap((space) =>
        space.startsWith("lxc-") && space.endsWith(`_${top}`) ? space.slice(4, -top.length - 1) : [],
      );
      for (const container of ours) if (!running.has(container)) self.end(container);
    },
    stop() {
      self.sweep(new Set());
      if (isLoaded(readdirSync(PROFILES), name)) writeFileSync(`${KERNEL}/.remove`, name);
    },
  };
  return self;
}
