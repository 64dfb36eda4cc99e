import { closeSync, constants, createReadStream, fstatSync, readdirSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { start } from "../host/exec/start.ts";
import { inRoot, makeParents, opened, openRead, openWrite } from "../host/guestfs/index.ts";
import { readLink, removeEntry } from "../host/syscall/index.ts";
import { type ContainerRecord, IDS_PER_CONTAINER } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import { type Context, lockOf, record } from "./context.ts";
import type { Engine, FileStat } from "./index.ts";
import { baseOf, mountContainer, unmountContainer } from "./root.ts";

const O_PATH = 0o10000000;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/**
 * Files of a container, running or not. A running one is seen as its init sees it, with what is mounted inside; the
 * root of a stopped one is mounted for the time of the work, under its lock.
 */
export function createFiles(c: Context): Engine["files"] {
  const within = <T>(
    name: string,
    work: (root: string, r: ContainerRecord) => Promise<T> | T,
  ): Promise<T> => {
    const known = record(c.store, name);
    const live = c.runtime.get(name);
    if (live) return Promise.resolve(live).then(() => work(`/proc/${live.initPid}/root`, known));
    return c.operations.locked([lockOf(name)], async () => {
      const r = record(c.store, name);
      const since = c.runtime.get(name);
      if (since) return work(`/proc/${since.initPid}/root`, r);
      await mountContainer(c, r);
      try {
        return await work(c.paths.root(r.uuid), r);
      } finally {
        unmountContainer(c, r.uuid);
      }
    });
  };

  return {
    stat: (name, path) =>
      within(name, (root, r) => inRoot(root, (dir) => statAt(dir, clean(path) || ".", r))),
    list: (name, path) =>
      within(name, (root, r) =>
        inRoot(root, (dir) => {
          const fd = opened(dir, clean(path) || ".", O_RDONLY | O_DIRECTORY);
          try {
            return readdirSync(`/proc/self/fd/${fd}`)
              .sort()
              .map((entry) => statAt(fd, entry, r));
          } finally {
            closeSync(fd);
          }
        }),
      ),
    read: (name, path) =>
      within(name, (root, r) =>
        inRoot(root, (dir) => {
          const { fd, stat } = openRead(dir, clean(path));
          // The descriptor stays good when the root is unmounted behind it.
          const body = createReadStream("", { fd, autoClose: true });
          return {
            stat: described(lastPart(path), stat, r),
            body: Readable.toWeb(body) as unknown as ReadableStream<Uint8Array>,
          };
        }),
      ),
    write: (name, path, body, o) =>
      within(name, async (root, r) => {
        const owner = { mode: o.mode, uid: baseOf(r) + owned(o.uid), gid: baseOf(r) + owned(o.gid) };
        const fd = inRoot(root, (dir) => {
          const above = clean(path).split("/").slice(0, -1).join("/");
          if (o.makeParents && above) makeParents(dir, above, { ...owner, mode: 0o755 });
          return openWrite(dir, clean(path), owner);
        });
        try {
          const file = await open(`/proc/self/fd/${fd}`, "w");
          try {
            for await (const chunk of body) await file.writeFile(chunk);
          } finally {
            await file.close();
          }
        } finally {
          closeSync(fd);
        }
      }),
    remove: (name, path) =>
      within(name, (root) =>
        inRoot(root, (dir) => {
          const parts = clean(path).split("/");
          const entry = parts.pop()!;
          if (entry === "" || entry === "." || entry === "..")
            throw new WarrenError(
              "BAD_VALUE",
              `"${printable(path)}" is not a file`,
              "name a file or an empty directory",
            );
          const parent = opened(dir, parts.join("/") || ".", O_RDONLY | O_DIRECTORY);
          try {
            const at = opened(parent, entry, O_PATH | O_NOFOLLOW);
            const directory = fstatSync(at).isDirectory();
            closeSync(at);
            try {
              removeEntry(parent, entry, directory);
            } catch (error) {
              if ((error as WarrenError).details?.errno !== "ENOTEMPTY") throw error;
              throw new WarrenError(
                "REFUSED",
                `"${printable(path)}" is a directory that is not empty`,
                "empty it first, with `warren exec NAME -- rm -r` for one",
              );
            }
          } finally {
            closeSync(parent);
          }
        }),
      ),
    archive: (name, path, signal) =>
      within(name, (root) =>
        inRoot(root, (dir) => {
          const fd = opened(dir, clean(path) || ".", O_RDONLY | O_DIRECTORY);
          // Owners are the receiver's business, as with cp; by number they would be the host's and mean nothing there.
          const from = `--directory=/proc/${process.pid}/fd/${fd}`;
          const argv = ["tar", "--create", "--owner=+0", "--group=+0", "--one-file-system", from, "."];
          const child = start(argv, { stdin: false });
          signal.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
          void child.exited.finally(() => closeSync(fd));
          return child.stdout;
        }),
      ),
  };
}

/** A path of the guest, from its root: no leading slash, no trailing one. Throws BAD_VALUE for NUL and emptiness. */
function clean(path: string): string {
  if (path === "" || path.includes("\0") || path.length > 4096)
    throw new WarrenError(
      "BAD_VALUE",
      `"${printable(path)}" is not a path`,
      "write an absolute path of the container",
    );
  return path.replace(/^\/+|\/+$/g, "");
}

const lastPart = (path: string): string => clean(path).split("/").at(-1) || "/";

/** An id of the guest. Throws BAD_VALUE. */
function owned(id: number): number {
  if (Number.isInteger(id) && id >= 0 && id < IDS_PER_CONTAINER) return id;
  throw new WarrenError(
    "BAD_VALUE",
    `${id} is not an id of the container`,
    `use 0 to ${IDS_PER_CONTAINER - 1}`,
  );
}

function statAt(dir: number, path: string, r: ContainerRecord): FileStat {
  const fd = opened(dir, path, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    const link = stat.isSymbolicLink() ? { target: readLink(fd) } : {};
    return { ...described(lastPart(path), stat, r), ...link };
  } finally {
    closeSync(fd);
  }
}

/** Ids outside of the container's range are shown as the kernel shows them inside: nobody. */
const NOBODY = 65_534;

function described(name: string, stat: Stats, r: ContainerRecord): FileStat {
  const inside = (id: number): number => {
    const own = id - baseOf(r);
    return own >= 0 && own < IDS_PER_CONTAINER ? own : NOBODY;
  };
  const type = stat.isFile()
    ? "file"
    : stat.isDirectory()
      ? "directory"
      : stat.isSymbolicLink()
        ? "symlink"
        : "other";
  return {
    name,
    type,
    size: stat.size,
    mode: stat.mode & 0o7777,
    uid: inside(stat.uid),
    gid: inside(stat.gid),
    mtime: stat.mtime.toISOString(),
  };
}
