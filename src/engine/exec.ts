import { closeSync, fstatSync } from "node:fs";
import { capacity } from "../host/capacity/index.ts";
import { exists, inRoot, opened, readText } from "../host/guestfs/index.ts";
import { type Attached, attach, attachConsole, attachTerminal, failureError } from "../host/lxc/attach.ts";
import { complaintPrefix } from "../host/lxc/attach-text.ts";
import { joining } from "../host/prlimit/index.ts";
import { resolveAccount } from "../plan/account.ts";
import { programAccount } from "../plan/app.ts";
import { attachCommand, environmentOf } from "../plan/command.ts";
import { type ContainerRecord, FIRST_ID, IDS_PER_CONTAINER } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import { tail } from "./console-tail.ts";
import type { Context } from "./context.ts";
import { record } from "./context.ts";
import { control } from "./exec-session.ts";
import type { Engine, ExecSession } from "./index.ts";
import { programSurroundings } from "./program.ts";
import { withhold } from "./withhold.ts";

/** Bytes of the console's log that a newly connected one sees first. */
const REPLAY = 16_384;

/** Commands in running containers, and their consoles. */
export function createExec({
  store,
  runtime,
  paths,
  cgroups,
  images,
}: Pick<Context, "store" | "runtime" | "paths" | "cgroups" | "images">): Engine["exec"] {
  const ready = (name: string): { it: ContainerRecord; initPid: number } => {
    const it = record(store, name);
    const live = runtime.get(name);
    if (!live) throw new WarrenError("NOT_RUNNING", `${name} does not run`, `start it: warren start ${name}`);
    // In a frozen cgroup the command would hang before its first instruction.
    if (live.frozen) throw new WarrenError("FROZEN", `${name} is frozen`, `thaw it: warren thaw ${name}`);
    return { it, initPid: live.initPid };
  };

  return {
    async exec(name, request) {
      const { it, initPid } = ready(name);
      cgroups.expectMoves();
      const root = paths.root(it.uuid);
      const terminal = request.tty ? { columns: request.columns ?? 80, rows: request.rows ?? 24 } : undefined;
      const program = programSurroundings({ images }, it);
      const user = request.user ?? program?.user;
      const account = (program ? programAccount : resolveAccount)(user, ...accounts(root, user));
      const surroundings = {
        account,
        env: { ...program?.env, ...request.env },
        terminal: terminal !== undefined,
        cwd: request.cwd ?? program?.cwd,
        setpriv: account.groups.length > 0 && hasSetpriv(root),
        busybox: program?.busybox,
      };
      const base = FIRST_ID + it.slot * IDS_PER_CONTAINER;
      const how = attachCommand(request.command, surroundings);
      const env = environmentOf(surroundings);
      const limits = joining(initPid, () => capacity().raises);
      const owner = base + account.uid;
      const attached = terminal
        ? attachTerminal(
            { lxcPath: paths.lxc, name, env, ...how, command: lookedUp(root, how.command, env.PATH ?? "") },
            { ...terminal, devpts: paths.pts(it.uuid), owner },
            limits,
          )
        : attach(
            { lxcPath: paths.lxc, name, env, ...how },
            { stdin: request.stdin ?? false, owner: { uid: owner, gid: base + account.gid } },
            limits,
          );
      return session(name, attached, request.command[0] ?? "", terminal !== undefined);
    },
    async console(name, size) {
      const { it } = ready(name);
      const attached = attachConsole(paths.lxc, name, size);
      const exited = attached.exited.then(({ code, failure }) => {
        if (failure === null) return code;
        throw new WarrenError("IN_USE", `the console of ${name} is in use`, "end the other connection first");
      });
      const silence = attached.exited.then(({ failure }) => ({ replaceBy: failure === null ? null : "" }));
      return {
        ...wire(attached),
        stdout: after(
          tail(paths.console(it.uuid), REPLAY),
          withhold(attached.stdout, complaintPrefix("lxc-console", name), silence),
        ),
        stderr: null,
        exited,
        signal: () => undefined,
        hangUp: () => attached.kill("SIGTERM"),
      };
    },
  };
}

const wire = (it: Attached): Pick<ExecSession, "write" | "closeStdin" | "resize"> => ({
  write: it.input.write,
  closeStdin: it.input.close,
  resize: it.resize,
});

/** Ctrl-D: what ends the input of a terminal. */
const END_OF_INPUT = new Uint8Array([4]);

function session(name: string, it: Attached, command: string, terminal: boolean): ExecSession {
  const verdict = it.exited.then(({ failure }) => {
    if (failure === null) return { replaceBy: null };
    const said = `warren: ${name}: ${printable(command)}: ${failure.message}${terminal ? "\r\n" : "\n"}`;
    return { replaceBy: failure.why === "exec" ? said : "" };
  });
  const clean = (stream: ReadableStream<Uint8Array>) =>
    withhold(stream, complaintPrefix("lxc-attach", name), verdict);
  return {
    ...wire(it),
    ...(terminal ? { closeStdin: () => void it.input.write(END_OF_INPUT) } : {}),
    ...control(it, terminal),
    stdout: terminal ? clean(it.stdout) : it.stdout,
    stderr: it.stderr && clean(it.stderr),
    exited: it.exited.then(({ code, failure }) => {
      if (failure?.why === "attach") throw failureError(name, failure);
      return failure?.code ?? code;
    }),
  };
}

/** The guest's account files; not read for root, who needs none of them, so that the common case stays short. */
function accounts(root: string, user: string | undefined): [string | null, string | null] {
  if (user === undefined || user === "root" || user === "0") return ["root:x:0:0:root:/root:/bin/sh", null];
  return [readText(root, "etc/passwd"), readText(root, "etc/group")];
}

/** The command with its program's path, as the guest's PATH finds it; as it is where it finds none. */
function lookedUp(root: string, command: readonly string[], path: string): string[] {
  const [program = "", ...rest] = command;
  if (program.includes("/")) return [...command];
  const found = inRoot(root, (dir) =>
    path.split(":").find((each) => each !== "" && exists(dir, `${each}/${program}`)),
  );
  return [found === undefined ? program : `${found}/${program}`, ...rest];
}

const O_PATH = 0o10000000;

/** Whether the guest's setpriv is util-linux' own: busybox has one that knows no groups. */
function hasSetpriv(root: string): boolean {
  return inRoot(root, (dir) => {
    const inode = (path: string): number => {
      if (!exists(dir, path)) return -1;
      const fd = opened(dir, path, O_PATH);
      try {
        return fstatSync(fd).ino;
      } finally {
        closeSync(fd);
      }
    };
    const found = inode("usr/bin/setpriv");
    return found !== -1 && found !== inode("bin/busybox");
  });
}

/** `first`, then the stream. */
function after(first: Uint8Array, stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let begun = first.length === 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!begun) {
          begun = true;
          return controller.enqueue(first);
        }
        const { value, done } = await reader.read();
        if (value) controller.enqueue(value);
        if (done) controller.close();
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}
