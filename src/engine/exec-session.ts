import { constants } from "node:os";
import { type Attached, commandOf, hasBegun } from "../host/lxc/attach.ts";
import { signal } from "../host/pidfd/index.ts";
import { startTicks } from "../host/proc/index.ts";
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import type { ExecSession } from "./index.ts";

/** Milliseconds between SIGHUP and SIGKILL for a command whose client is gone. */
const GRACE = 5_000;
/** Looks for a command that is about to begin: 10 ms apart, so a second in all. */
const LOOKS = 100;

/** The part of a session that acts on the process: signals, size, end. */
export function control(it: Attached, terminal: boolean): Pick<ExecSession, "signal" | "hangUp"> {
  let ended = false;
  const over = (): void => {
    ended = true;
  };
  it.exited.then(over, over);

  const send = async (number: number): Promise<(() => boolean) | null> => {
    for (let look = 0; look < LOOKS && !ended; look++) {
      const pid = commandOf(it.pid);
      const ticks = pid === null ? null : startTicks(pid);
      if (pid !== null && ticks !== null && hasBegun(it.pid, pid)) {
        const still = (): boolean => startTicks(pid) === ticks;
        signal(pid, number, still);
        return () => signal(pid, constants.signals.SIGKILL, still);
      }
      await Bun.sleep(10);
    }
    return null;
  };

  return {
    signal(name) {
      const number = constants.signals[name as NodeJS.Signals];
      if (number === undefined)
        throw new WarrenError("BAD_VALUE", `"${printable(name)}" is not a signal`, "name one like SIGINT");
      // lxc-attach forwards nothing, so the command is signalled itself.
      void send(number);
    },
    hangUp() {
      it.input.close();
      void send(constants.signals.SIGHUP).then((kill) => {
        // With lxc-attach goes the terminal, and with that everything that ran on it.
        if (terminal || kill === null) it.kill("SIGKILL");
        if (kill) setTimeout(kill, GRACE).unref();
      });
    },
  };
}
