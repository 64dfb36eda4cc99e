import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { inRoot, makeParents, readText } from "../host/guestfs/index.ts";
import { requireBusybox } from "../host/image/index.ts";
import { fstabEscape } from "../host/lxc/index.ts";
import { programAccount, programEnvironment, programOf, programScript } from "../plan/app.ts";
import { type AppConfig, EXIT_FILE } from "../spec/app.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { consoleTail } from "./console-tail.ts";
import type { Context } from "./context.ts";

/** Where the guest sees the init for applications and what it is to do: in /dev, which is no part of its files. */
const [BUSYBOX, SCRIPT] = ["/dev/.warren/busybox", "/dev/.warren/init"];

/** How the program of a container is run that was made of an application image; `undefined` for those with an init of their own. */
const appOf = (c: Pick<Context, "images">, r: ContainerRecord): AppConfig | undefined =>
  r.init === "app" ? c.images.resolve(r.image).app : undefined;

/** What a command in an application's container is run with where nothing else is said: what its program is. */
export interface ProgramSurroundings {
  env: Record<string, string>;
  cwd: string;
  user: string | undefined;
  busybox: string;
}

/** The surroundings of a container's program; `null` for images with an init of their own. */
export function programSurroundings(
  c: Pick<Context, "images">,
  r: ContainerRecord,
): ProgramSurroundings | null {
  const app = appOf(c, r);
  if (!app) return null;
  const env = { HOSTNAME: r.name, ...app.env, ...r.app?.env };
  return { env, cwd: app.cwd, user: app.user || undefined, busybox: BUSYBOX };
}

/** What LXC is told in place of the image's own init. */
export interface ProgramStart {
  initCommand: string[];
  config: [string, string][];
}

/**
 * Prepares the start of an application image's program: a script beside the mounted root, to be run by the host's
 * busybox, which becomes whom the image says. `null` for images with an init of their own. Throws REFUSED, BAD_VALUE for a user that
 * the image does not know, UNSUPPORTED without busybox.
 */
export function prepareProgram(
  c: Pick<Context, "paths" | "images">,
  r: ContainerRecord,
  { rootfs, base }: { rootfs: string; base: number },
): ProgramStart | null {
  const app = appOf(c, r);
  if (!app) return null;
  const request = r.app ?? {};
  const program = programOf(app, request);
  const account = programAccount(
    app.user || undefined,
    readText(rootfs, "etc/passwd"),
    readText(rootfs, "etc/group"),
  );
  const script = programScript({
    busybox: BUSYBOX,
    exitFile: `/dev/shm/${EXIT_FILE}`,
    program,
    env: programEnvironment(app, request, { name: r.name, home: account.home }),
    cwd: app.cwd,
    stopSignal: app.stopSignal,
    account,
  });
  makeDirectory(rootfs, app.cwd, base);
  const path = c.paths.program(r.uuid);
  writeFileSync(path, script);
  // For the guest's root; the directory above keeps the host's others out.
  chmodSync(path, 0o644);
  const show = (from: string, to: string): [string, string] => [
    "lxc.mount.entry",
    `${fstabEscape(from)} ${to.slice(1)} none bind,ro,create=file 0 0`,
  ];
  return {
    initCommand: [BUSYBOX, "sh", SCRIPT],
    config: [show(requireBusybox(), BUSYBOX), show(path, SCRIPT)],
  };
}

/** Makes the directory a program begins in, as container engines do; where the tree is in the way it says so itself. */
function makeDirectory(rootfs: string, path: string, base: number): void {
  try {
    inRoot(rootfs, (dir) => makeParents(dir, path, { mode: 0o755, uid: base, gid: base }));
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
  }
}

/** Takes the script away. */
export const forgetProgram = (c: Pick<Context, "paths">, uuid: string): void =>
  rmSync(c.paths.program(uuid), { force: true });

/** The code that the last run's program ended with, as the guest tells; `null` when it ended in another way. */
export function exitCode(c: Pick<Context, "paths">, uuid: string): number | null {
  const told = readText(c.paths.shm(uuid), EXIT_FILE, 16) ?? "";
  return /^\d{1,3}\n$/.test(told) ? Number(told) : null;
}

/** Lines of the program's last words that come along when it failed. */
const LAST_WORDS = 10;

/** What a program's end comes to: its record, told as an event; `code` 0 is an end in good health. */
export function programEnded(
  c: Pick<Context, "store" | "events" | "paths">,
  r: ContainerRecord,
  code: number,
): void {
  const failure = code === 0 ? null : `its program ended with ${code}`;
  c.store.containers.update(r.name, (old) => ({ ...old, wanted: "stopped", started: true, failure }));
  c.events.emit(
    failure === null
      ? { type: "container-stopped", container: r.name, details: { reason: "its program ended" } }
      : {
          type: "container-crashed",
          container: r.name,
          details: { reason: failure, console: consoleTail(c.paths.console(r.uuid), LAST_WORDS) },
        },
  );
}
