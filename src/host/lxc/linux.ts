import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";
import { whileMerging } from "../ksm/index.ts";
import { children, commandLine, ended, ownedByRoot, parent } from "../proc/index.ts";
import { mount, unmount } from "../syscall/index.ts";
import hook from "./hook.sh" with { type: "text" };
import { openerProgram } from "./opener.ts";
import {
  type ContainerConfig,
  complaints,
  endOfInit,
  monitorOf,
  OPENER,
  renderConfig,
  starterOf,
} from "./text.ts";

/** A container that runs, as the kernel has it. */
export interface Running {
  initPid: number;
  monitorPid: number;
  /** 1 at its start, one more for each reboot from within. */
  runs: number;
}

/** Puts the hook where LXC finds it, also after this program was replaced. */
export function installHook(path: string): void {
  writeFileSync(`${path}.new`, hook);
  chmodSync(`${path}.new`, 0o755);
  renameSync(`${path}.new`, path);
}

/**
 * Puts the program that becomes a guest's init where LXC finds it, in a file system of its own: what a guest sees among
 * its mounts tells no path of the host then, and /run may be mounted so that nothing in it can be executed. Guests that
 * run keep the one they began with.
 */
export function installOpener(path: string): void {
  const at = dirname(path);
  mkdirSync(at, { recursive: true, mode: 0o711 });
  if (statSync(at).dev === statSync(dirname(at)).dev)
    mount("opener", at, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0711");
  writeFileSync(`${path}.new`, openerProgram());
  chmodSync(`${path}.new`, 0o755);
  renameSync(`${path}.new`, path);
}

/** Takes it away, once no container runs. */
export function removeOpener(path: string): void {
  unmount(dirname(path));
  rmSync(dirname(path), { recursive: true, force: true });
}

const MS_NOSUID = 2;
const MS_NODEV = 4;

/**
 * PATH for LXC without /usr/bin: where it finds newuidmap it spawns it twice, though we, being root, may write the maps
 * ourselves (5 ms less).
 */
const LXC_ENV = { PATH: "/usr/sbin:/sbin" };

/** Longest start, in ms: with AppArmor each compiles a profile of its own, and of many at once each waits for the others. */
const LONGEST_START = 300_000;

/**
 * Starts a container; resolves when init runs. `levels` are the kernel files to write before init's first instruction.
 *
 * Throws FAILED with what LXC complained of; nothing runs then.
 */
export async function start(
  lxcPath: string,
  config: ContainerConfig,
  levels: string,
  signal?: AbortSignal,
): Promise<Running> {
  rmSync(config.run, { recursive: true, force: true });
  mkdirSync(config.run, { recursive: true, mode: 0o700 });
  writeFileSync(`${config.run}/config`, renderConfig(config));
  writeFileSync(`${config.run}/levels`, levels);
  // LXC 6 makes nothing of the log level in the configuration.
  const log = ["-o", `${config.run}/log`, "-l", "DEBUG"];
  const argv = ["/usr/bin/lxc-start", "-P", lxcPath, "-n", config.name, "-d", ...log];
  const around = config.mergeMemory ? whileMerging : undefined;
  const { code } = await run(argv, {
    env: LXC_ENV,
    timeout: LONGEST_START,
    ok: [0, 1, 255],
    signal,
    ...(around ? { around } : {}),
  });
  const found = code === 0 ? running(lxcPath, config.name) : null;
  if (found && (await becameInit(lxcPath, found.initPid))) return found;
  throw startFailure(config);
}

/** Milliseconds that init may take to begin: the opener opens one terminal. */
const BEGINNING = 2_000;

/**
 * Waits until LXC's process has become the opener, and this one init: false when it ended instead, for there is no such
 * program. What a guest calls itself later makes us wait in vain and no more.
 */
async function becameInit(lxcPath: string, pid: number): Promise<boolean> {
  // One that is ending has no command line any more before it counts as ended.
  const before = (words: string[]): boolean =>
    words.length === 0 ||
    words[0] === OPENER ||
    monitorOf(words, lxcPath) !== null ||
    starterOf(words, lxcPath) !== null;
  const end = Date.now() + BEGINNING;
  while (!ended(pid) && before(commandLine(pid)) && Date.now() < end) await Bun.sleep(1);
  return !ended(pid);
}

function startFailure(config: ContainerConfig): WarrenError {
  const log = text(`${config.run}/log`) ?? "";
  const refused = text(`${config.run}/refused`)?.trim();
  const said = complaints(log);
  const end = endOfInit(log);
  const message = refused
    ? `${config.name} did not start: the kernel refused ${refused}`
    : `${config.name} did not start: ${said[0] ?? end?.reason ?? "init ended at once"}`;
  return new WarrenError("FAILED", message, `see \`warren logs ${config.name}\` and \`warren host check\``, {
    lxc: said.slice(0, 10),
  });
}

const text = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

/** The container as it runs now, or `null`. Reads three small files; spawns nothing. */
export function running(lxcPath: string, name: string): Running | null {
  const [runs, initPid] = (text(`${lxcPath}/${name}/init`) ?? "").split(" ").map(Number);
  if (!runs || !initPid) return null;
  const monitorPid = parent(initPid);
  // The pid may have been given to another process since.
  if (monitorPid === null || !isMonitor(monitorPid, lxcPath, name)) return null;
  return { initPid, monitorPid, runs };
}

/** A guest can give its processes any title, but not the host's root for an owner. */
const isMonitor = (pid: number, lxcPath: string, name: string): boolean =>
  monitorOf(commandLine(pid), lxcPath) === name && ownedByRoot(pid);

/**
 * Finds the init of a monitor whose run-time files were lost, and writes down what is needed to go on with it: the
 * container, or `null` when the monitor has no child.
 */
export function recover(lxcPath: string, name: string, monitorPid: number): Running | null {
  const [initPid] = children(monitorPid);
  if (initPid === undefined) return null;
  mkdirSync(`${lxcPath}/${name}`, { recursive: true, mode: 0o700 });
  writeFileSync(`${lxcPath}/${name}/init`, `1 ${initPid}\n`);
  return running(lxcPath, name);
}

/** Whether a container's init is the guest's program already, and not yet LXC preparing its place. */
export function initBegan(lxcPath: string, { initPid }: Running): boolean {
  return monitorOf(commandLine(initPid), lxcPath) === null;
}

/** How the last run's init ended, once it has. */
export function ending(lxcPath: string, name: string): ReturnType<typeof endOfInit> {
  return endOfInit(text(`${lxcPath}/${name}/log`) ?? "");
}

/** Every monitor of ours, and what is about to become one: container name and pid. Looks at every process, so only at the daemon's start. */
export function monitors(lxcPath: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const words = commandLine(pid);
    const name = monitorOf(words, lxcPath) ?? starterOf(words, lxcPath);
    if (name && ownedByRoot(pid)) found.set(name, pid);
  }
  return found;
}

/** Replaces the levels that the next reboot from within puts in force. */
export function writeLevels(lxcPath: string, name: string, levels: string): void {
  const file = `${lxcPath}/${name}/levels`;
  writeFileSync(`${file}.new`, levels);
  renameSync(`${file}.new`, file);
}

/** Forgets a container that does not run. */
export function forget(lxcPath: string, name: string): void {
  rmSync(`${lxcPath}/${name}`, { recursive: true, force: true });
}

/** The version of the tools, `5.0.2`. */
export async function version(): Promise<string> {
  return (await run(["/usr/bin/lxc-start", "--version"], { env: LXC_ENV })).stdout.trim();
}

/** What a short command in a container prints, whatever it ends with; `null` when it can't be run or hangs. */
export async function ask(lxcPath: string, name: string, command: readonly string[]): Promise<string | null> {
  const argv = ["/usr/bin/lxc-attach", "-P", lxcPath, "-n", name, "--clear-env", "--", ...command];
  const any = Array.from({ length: 256 }, (_, code) => code);
  try {
    return (await run(argv, { env: LXC_ENV, timeout: 10_000, ok: any })).stdout;
  } catch {
    return null;
  }
}
