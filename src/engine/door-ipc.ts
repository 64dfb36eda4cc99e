import { type IpcKind, type IpcUse, ipcFile, ipcText, ipcUse, limitIpc, SYSCTLS } from "../host/ipc/index.ts";
import type { LevelDoor, LevelTarget } from "./level-door.ts";

const isKind = (file: string): file is IpcKind => file in SYSCTLS;

/** System V objects of a guest: `shm`, `msg` and `sem`, and what is held of each (`shm.held`). */
export function openIpc(): LevelDoor {
  const use = ({ pid }: LevelTarget): IpcUse | null => {
    try {
      return pid === null ? null : ipcUse(pid);
    } catch {
      // It ended meanwhile.
      return null;
    }
  };
  return {
    missing: () => null,
    read(target, file) {
      const found = use(target);
      const kind = file.replace(/\.held$/, "");
      if (found === null || !isKind(kind)) return null;
      return isKind(file) ? found[kind].limit : String(found[kind].held);
    },
    async write({ pid, base }, file, text) {
      if (pid !== null && isKind(file)) limitIpc(pid, base, file, text);
    },
    // LXC's own way (lxc.sysctl) comes after /proc/sys was made read-only.
    hook: ({ base }, values) =>
      Object.entries(values).flatMap(([kind, text]) =>
        isKind(kind) ? [`ipc ${base} ${ipcFile(kind)} ${ipcText(kind, text)}`] : [],
      ),
  };
}
