/** A daemon of its own for a test, started, killed and asked through `bin/warren` like a user does. */
import { Database } from "bun:sqlite";
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerInfo } from "../../src/spec/container.ts";
import { type Instance, instanceOf } from "../../src/spec/instance.ts";
import { FORGOTTEN } from "../../src/spec/log.ts";
import { difference, type HostState, hostState } from "./host-state.ts";
import { patience } from "./patience.ts";
import { strays } from "./strays.ts";

const WARREN = join(import.meta.dir, "../../bin/warren");
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** A net against hanging, in ms. */
const PATIENCE = patience(120_000);

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

export interface TestDaemon extends AsyncDisposable {
  readonly dir: string;
  readonly instance: Instance;
  /** Process id of the daemon that was started last. */
  pid(): number;
  /** Runs `warren ARGS` to its end, however it ends. */
  warren(args: readonly string[], input?: string | Uint8Array<ArrayBuffer> | Blob): Promise<Said>;
  /** Runs `warren ARGS`, which must succeed, and gives what it printed. */
  ok(...args: string[]): Promise<string>;
  /** The same with `-o json`, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  json(...args: string[]): Promise<any>;
  /** Runs a shell script in a container, which must succeed, and gives its trimmed output. */
  sh(name: string, script: string): Promise<string>;
  /** Pings from a container until an answer comes: its IPv6 address is usable a second after its start. */
  reaches(name: string, address: string): Promise<void>;
  /** Starts the program without waiting for it. */
  spawn(args: readonly string[]): Bun.Subprocess<"pipe", "pipe", "pipe">;
  /** Starts the daemon and waits until it serves. */
  start(): Promise<void>;
  /** Ends the daemon as a power cut would; resolves when its process is gone. */
  kill(): Promise<void>;
  /** `daemon stop`. */
  stop(): Promise<void>;
  log(): string;
  /** What is on the host of this instance that was not there before it was made. */
  left(): string[];
  /** Where records and host disagree: what belongs to no container or image, and what one lacks. Empty when all is well. */
  strays(): Promise<string[]>;
}

/** Waits for something to become true; what it waits for is named in the error. */
export async function until<T>(
  what: string,
  holds: () => T | Promise<T>,
  longest = 60_000,
): Promise<NonNullable<T>> {
  for (const end = Date.now() + patience(longest); ; await Bun.sleep(20)) {
    const answer = await holds();
    if (answer) return answer as NonNullable<T>;
    if (Date.now() > end) throw new Error(`waited ${patience(longest) / 1000} s in vain: ${what}`);
  }
}

/** Id ranges are claimed for all daemons of a host in one place. */
const CLAIMS = "/run/warren-host/claims.db";

function claims(): string[] {
  if (!existsSync(CLAIMS)) return [];
  const db = new Database(CLAIMS, { readonly: true });
  try {
    return (db.query("SELECT owner FROM claims").all() as { owner: string }[]).map(({ owner }) => owner);
  } finally {
    db.close();
  }
}

function stateOf({ tag, state }: Instance, dir: string): HostState {
  const [own, others] = [
    claims().filter((owner) => owner === state),
    claims().filter((owner) => owner !== state),
  ];
  return { ...hostState(dir, tag), descriptors: [], claims: own, others };
}

/** Signals that nobody sends to a daemon. */
const CRASHES = new Set(["SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT", "SIGTRAP", "SIGFPE"]);

/** Makes a directory for an instance, `beneath` a place of the host; with `started` its daemon serves already. */
export async function testDaemon(started = true, beneath = tmpdir()): Promise<TestDaemon> {
  const dir = mkdtempSync(join(beneath, "warren-e2e-"));
  chmodSync(dir, 0o711); // the containers' own ids must be able to pass
  const instance = instanceOf(dir);
  const before = stateOf(instance, dir);
  const env = { PATH, HOME: "/root", LANG: "C.UTF-8", WARREN_DIR: dir, NO_COLOR: "1" };
  const log = join(dir, "daemon.log");
  let child: Bun.Subprocess | undefined;
  let crashed = "";

  const spawn = (args: readonly string[], stdin: "pipe" | "ignore" | Blob | Uint8Array<ArrayBuffer>) =>
    Bun.spawn({ cmd: [WARREN, ...args], env, stdin, stdout: "pipe", stderr: "pipe" });
  const self: TestDaemon = {
    dir,
    instance,
    pid: () => child?.pid ?? 0,
    async warren(args, input) {
      const run = spawn(
        args,
        input === undefined ? "ignore" : input instanceof Blob ? input : new Blob([input]),
      );
      const hung = setTimeout(() => run.kill("SIGKILL"), PATIENCE);
      const [stdout, stderr, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
      clearTimeout(hung);
      return { code, stdout, stderr };
    },
    async ok(...args) {
      const { code, stdout, stderr } = await self.warren(args);
      if (code !== 0) throw new Error(`warren ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    json: async (...args) => JSON.parse(await self.ok("-o", "json", ...args)),
    sh: async (name, script) => (await self.ok("exec", "-T", "-n", name, "--", "sh", "-c", script)).trim(),
    async reaches(name, address) {
      await self.sh(name, `for i in 1 2 3 4 5; do ping -c 1 -W 2 ${address} && exit; done; exit 1`);
    },
    spawn: (args) => spawn(args, "pipe") as Bun.Subprocess<"pipe", "pipe", "pipe">,
    async start() {
      const out = openSync(log, "a", 0o640);
      const cmd = [WARREN, "daemon"];
      child = Bun.spawn({ cmd, env, cwd: "/", detached: true, stdio: ["ignore", out, out] });
      closeSync(out);
      const it = child;
      void it.exited.then(() => {
        // However it is asked to end, it ends well or by the signal that it was sent.
        if ((it.exitCode ?? 0) === 0 && !CRASHES.has(String(it.signalCode))) return;
        crashed = `the daemon ended by itself (${it.signalCode ?? it.exitCode}):\n${self.log().slice(-4000)}`;
        console.error(crashed);
      });
      await until(`the daemon serves: ${self.log().slice(-2000)}`, async () => {
        if (it.exitCode !== null)
          throw new Error(`the daemon ended with ${it.exitCode}: ${self.log().slice(-2000)}`);
        return (await self.warren(["daemon", "status"])).code === 0;
      });
    },
    async kill() {
      child?.kill("SIGKILL");
      await child?.exited;
    },
    async stop() {
      await self.ok("daemon", "stop");
      await child?.exited;
    },
    log: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    left() {
      const after = stateOf(instance, dir);
      // The switches are the whole host's: only the last daemon puts them back.
      const alone = before.others?.length === 0 && after.others?.length === 0;
      return difference(before, after).filter(
        (line) => !/^others:/.test(line) && (alone || !/^sysctls:/.test(line)),
      );
    },
    async strays() {
      const containers = await allInfo(self);
      const kept = await Promise.all(
        containers.map(({ name, snapshots }) =>
          snapshots.length > 0 ? self.json("snapshot", "list", name) : [],
        ),
      );
      const ids = kept.flat().map(({ id }: { id: string }) => id);
      return strays(instance, containers, await self.json("image", "list"), ids);
    },
    async [Symbol.asyncDispose]() {
      // Killed, or stopped while it still had containers: only a daemon can put the host in order.
      const ended = child !== undefined && (child.exitCode !== null || child.signalCode !== null);
      if (ended && claims().includes(instance.state)) await self.start();
      if (child?.exitCode === null) {
        await self.warren(["delete", "--all", "--force", "-y"]);
        await self.warren(["daemon", "stop"]);
        child.kill("SIGKILL");
        await child.exited;
      }
      // Never into a mount: it may be a guest's tree, or the host's groups as lxcfs shows them.
      const mounted = stateOf(instance, dir).mounts ?? [];
      if (mounted.length > 0) throw new Error(`still mounted, not removed: ${mounted.join(", ")}`);
      if (self.log().includes(FORGOTTEN)) crashed ||= self.log().slice(-4000);
      rmSync(dir, { recursive: true, force: true });
      if (crashed !== "") throw new Error(crashed);
    },
  };
  if (started) await self.start();
  return self;
}

const allInfo = async (d: TestDaemon): Promise<ContainerInfo[]> =>
  Promise.all((await d.json("list")).map(({ name }: { name: string }) => d.json("info", name)));
