import type { Command } from "./command.ts";

type Loader = () => Promise<Command>;

/**
 * Every command by its full name, in the order of the help. A command's file is read when it is asked for, so that no
 * command pays for another.
 */
export const COMMANDS: Readonly<Record<string, Loader>> = {
  launch: async () => (await import("./commands/launch.ts")).launch,
  create: async () => (await import("./commands/launch.ts")).create,
  start: async () => (await import("./commands/power.ts")).start,
  stop: async () => (await import("./commands/power.ts")).stop,
  restart: async () => (await import("./commands/power.ts")).restart,
  freeze: async () => (await import("./commands/power.ts")).freeze,
  thaw: async () => (await import("./commands/power.ts")).thaw,
  delete: async () => (await import("./commands/delete.ts")).remove,
  rename: async () => (await import("./commands/copy.ts")).rename,
  copy: async () => (await import("./commands/copy.ts")).copy,
  move: async () => (await import("./commands/pool-make.ts")).move,
  boot: async () => (await import("./commands/boot.ts")).boot,
  list: async () => (await import("./commands/list.ts")).list,
  info: async () => (await import("./commands/info.ts")).info,
  top: async () => (await import("./commands/top.ts")).top,
  exec: async () => (await import("./commands/exec.ts")).exec,
  shell: async () => (await import("./commands/shell.ts")).shell,
  console: async () => (await import("./commands/console.ts")).console,
  logs: async () => (await import("./commands/logs.ts")).logs,
  "file push": async () => (await import("./commands/file.ts")).push,
  "file pull": async () => (await import("./commands/file.ts")).pull,
  "file edit": async () => (await import("./commands/file-edit.ts")).edit,
  "file list": async () => (await import("./commands/file-list.ts")).list,
  "file delete": async () => (await import("./commands/file-list.ts")).remove,
  "image list": async () => (await import("./commands/image.ts")).list,
  "image info": async () => (await import("./commands/image.ts")).info,
  "image build": async () => (await import("./commands/image-make.ts")).build,
  "image pull": async () => (await import("./commands/image-make.ts")).pull,
  "image import": async () => (await import("./commands/image-make.ts")).import_,
  "image publish": async () => (await import("./commands/image-publish.ts")).publish,
  "image export": async () => (await import("./commands/image-export.ts")).export_,
  "image alias": async () => (await import("./commands/image.ts")).alias,
  "image delete": async () => (await import("./commands/image.ts")).remove,
  "snapshot create": async () => (await import("./commands/snapshot.ts")).create,
  "snapshot list": async () => (await import("./commands/snapshot.ts")).list,
  "snapshot restore": async () => (await import("./commands/snapshot.ts")).restore,
  "snapshot rename": async () => (await import("./commands/snapshot.ts")).rename,
  "snapshot delete": async () => (await import("./commands/snapshot.ts")).remove,
  "snapshot schedule": async () => (await import("./commands/snapshot-schedule.ts")).schedule,
  "image prune": async () => (await import("./commands/image-care.ts")).prune,
  "image check": async () => (await import("./commands/image-care.ts")).check,
  share: async () => (await import("./commands/share.ts")).share,
  "share report": async () => (await import("./commands/share.ts")).report,
  "share undo": async () => (await import("./commands/share.ts")).undo,
  export: async () => (await import("./commands/backup.ts")).export_,
  import: async () => (await import("./commands/backup.ts")).import_,
  set: async () => (await import("./commands/level.ts")).set,
  get: async () => (await import("./commands/level.ts")).get,
  levels: async () => (await import("./commands/level.ts")).levels,
  counters: async () => (await import("./commands/counters.ts")).counters,
  "profile list": async () => (await import("./commands/profile.ts")).list,
  "profile show": async () => (await import("./commands/profile.ts")).show,
  "profile create": async () => (await import("./commands/profile.ts")).create,
  "profile set": async () => (await import("./commands/profile.ts")).set,
  "profile edit": async () => (await import("./commands/profile-edit.ts")).edit,
  "profile rename": async () => (await import("./commands/profile.ts")).rename,
  "profile delete": async () => (await import("./commands/profile.ts")).remove,
  "profile apply": async () => (await import("./commands/profile-apply.ts")).apply,
  "profile import": async () => (await import("./commands/profile-file.ts")).import_,
  "profile export": async () => (await import("./commands/profile-file.ts")).export_,
  "pool list": async () => (await import("./commands/pool.ts")).list,
  "pool info": async () => (await import("./commands/pool.ts")).info,
  "pool create": async () => (await import("./commands/pool-make.ts")).create,
  "pool grow": async () => (await import("./commands/pool-make.ts")).grow,
  "pool set-default": async () => (await import("./commands/pool-make.ts")).setDefault,
  "pool delete": async () => (await import("./commands/pool-make.ts")).remove,
  "host info": async () => (await import("./commands/host.ts")).info,
  "host check": async () => (await import("./commands/host.ts")).check,
  "host split": async () => (await import("./commands/host-split.ts")).split,
  events: async () => (await import("./commands/events.ts")).events,
  "operation list": async () => (await import("./commands/operation.ts")).list,
  "operation show": async () => (await import("./commands/operation.ts")).show,
  "operation wait": async () => (await import("./commands/operation.ts")).wait,
  "operation cancel": async () => (await import("./commands/operation.ts")).cancel,
  daemon: async () => (await import("./commands/daemon.ts")).daemon,
  "daemon status": async () => (await import("./commands/daemon.ts")).status,
  "daemon stop": async () => (await import("./commands/daemon.ts")).stop,
  version: async () => (await import("./commands/version.ts")).version,
  completion: async () => (await import("./commands/completion.ts")).completion,
  help: async () => (await import("./commands/help.ts")).help,
};

/** Short forms people type from habit, at the place of a command or of its second word. */
export const SHORT: Readonly<Record<string, string>> = {
  ls: "list",
  ps: "list",
  rm: "delete",
  mv: "rename",
  cp: "copy",
  sh: "shell",
};

/** A command line's command, and what stands behind its name. */
export interface Found {
  load: Loader;
  rest: string[];
}

/** Finds the longest command name at the start of `words`. */
export function find(words: readonly string[]): Found | undefined {
  const long = (word: string): string => SHORT[word] ?? word;
  const [first = "", second = ""] = words;
  const two = `${long(first)} ${long(second)}`;
  if (Object.hasOwn(COMMANDS, two)) return { load: COMMANDS[two]!, rest: words.slice(2) };
  if (Object.hasOwn(COMMANDS, long(first))) return { load: COMMANDS[long(first)]!, rest: words.slice(1) };
  return undefined;
}
