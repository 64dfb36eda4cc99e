import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { readText } from "../host/guestfs/index.ts";
import { requireBusybox } from "../host/image/index.ts";
import { fstabEscape } from "../host/lxc/index.ts";
import { resolveAccount } from "../plan/account.ts";
import { programEnvironment, programOf, programScript } from "../plan/app.ts";
import { EXIT_FILE } from "../spec/app.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import { consoleTail } from "./console-tail.ts";
import type { Context } from "./context.ts";

/** Where the guest sees the init for applications and what it is to do: in /dev, which is no part of its files. */
const [BUSYBOX, SCRIPT] = ["/dev/.warren/busybox", "/dev/.warren/init"];

/** What LXC is told in place of the image's own init. */
export interface ProgramStart {
  initCommand: string[];
  config: [string, string][];
}

/**
 * Prepares the start of an application image's program: a script beside the mounted root, to be run by the host's
 * busybox as whom the image says. `null` for images with an init of their own. Throws REFUSED, BAD_VALUE for a user that
 * the image does not know, UNSUPPORTED without busybox.
 */
export function prepareProgram(c: Context, r: ContainerRecord, rootfs: string): ProgramStart | null {
  const { app } = c.images.resolve(r.image);
  if (!app || r.init !== "app") return null;
  const request = r.app ?? {};
  const program = programOf(app, request);
  const account = resolveAccount(
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
  });
  const path = c.paths.program(r.uuid);
  writeFileSync(path, script);
  // For the guest's user, whoever it is; the directory above keeps the host's others out.
  chmodSync(path, 0o644);
  const show = (from: string, to: string): [string, string] => [
    "lxc.mount.entry",
    `${fstabEscape(from)} ${to.slice(1)} none bind,ro,create=file 0 0`,
  ];
  return {
    initCommand: [BUSYBOX, "sh", SCRIPT],
    config: [
      show(requireBusybox(), BUSYBOX),
      show(path, SCRIPT),
      ["lxc.init.uid", `${account.uid}`],
      ["lxc.init.gid", `${account.gid}`],
      ...(account.groups.length > 0
        ? [["lxc.init.groups", account.groups.join(",")] as [string, string]]
        : []),
    ],
  };
}

/** Takes the script away. */
export const forgetProgram = (c: Pick<Context, "paths">, uuid: string): void =>
  rmSync(c.paths.program(uuid), { force: true });

/** The code that the last run's program ended with, as the guest tells; `null` when it ended in another way. */
export function exitCode(c: Pick<Context, "paths">, uuid: string): number | null {
  const told = readText(c.paths.shm(uuid), EXIT_FILE, 16) ?? "";
  return /^\d{1,3}\n$/.test(told) ? Number(told) : null;
}

/** Lines of the program's last words that come along with the error of a start. */
const LAST_WORDS = 10;

/** What to say of a program that was over before its container counted as started; other errors as they are. */
export function programFailure(c: Context, r: ContainerRecord, thrown: unknown): unknown {
  const code = exitCode(c, r.uuid);
  if (code === null || !(thrown instanceof WarrenError) || thrown.code !== "FAILED") return thrown;
  const console = consoleTail(c.paths.console(r.uuid), LAST_WORDS);
  const said = console.at(-1);
  return new WarrenError(
    "FAILED",
    `${r.name} did not stay: its program ended with ${code}${said ? `: ${printable(said)}` : ""}`,
    "see details.console, or give it another program: warren launch IMAGE NAME -- PROGRAM",
    { console, code },
  );
}
