import { sendDatagram } from "../host/syscall/index.ts";
import type { Log } from "../spec/log.ts";

/** What the service manager is told: that the daemon serves, that it ends. */
export type Notice = "READY=1" | "STOPPING=1";

/**
 * Tells the service manager that started the daemon, where one waits for it (`NOTIFY_SOCKET`; sd_notify(3)). What goes
 * wrong is logged and nothing else: without a word the manager's own timeout decides.
 */
export function notify(notice: Notice, log: Log, socket = process.env.NOTIFY_SOCKET): void {
  if (!socket) return;
  try {
    sendDatagram(socket, notice);
  } catch (error) {
    log("warn", "the service manager could not be told", { notice, error: String(error) });
  }
}
