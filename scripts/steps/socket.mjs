// @ts-check
// The daemon's socket: whether it answers, and which process holds it.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { request } from "node:http";

/**
 * One request to the daemon; `null` when nothing answers within the time.
 * @param {string} socket @param {string} path @param {{ method?: string, timeout?: number }} [options] timeout in ms
 * @returns {Promise<{ status: number, body: any } | null>}
 */
export function ask(socket, path, { method = "GET", timeout = 5_000 } = {}) {
  return new Promise((resolve) => {
    const call = request({ socketPath: socket, path, method, timeout, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece) => {
        text += piece;
      });
      answer.on("error", () => resolve(null));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: json(text) }));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(null));
    call.end();
  });
}

/** @param {string} text */
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Inode of the listening socket, by what the kernel lists. @param {string} socket @param {string} table /proc/net/unix */
export function listeningInode(socket, table) {
  for (const line of table.split("\n")) {
    const [, , , flags, , , inode, ...path] = line.trim().split(/\s+/);
    // 00010000 is __SO_ACCEPTCON: it listens
    if (path.join(" ") === socket && flags === "00010000") return inode ?? null;
  }
  return null;
}

/** The process that listens on the socket, `null` when there is none to be seen. @param {string} socket */
export function holder(socket) {
  const inode = listeningInode(socket, readFileSync("/proc/net/unix", "utf8"));
  if (inode === null) return null;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (descriptors(pid).includes(`socket:[${inode}]`)) return Number(pid);
  }
  return null;
}

/** @param {string} pid */
function descriptors(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlink(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // it ended, or belongs to someone else
  }
}

/** @param {string} path */
function readlink(path) {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** Whether a process lives; one that waits to be reaped does not. @param {number} pid */
export function lives(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
