/** How pools come into being and go; every step can be taken again after a crash. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { normalize } from "node:path";
import {
  detachFile,
  deviceSize,
  isMounted,
  makeFile,
  makeFileSystem,
  mountVolume,
  signatures,
  unmountVolume,
  type Volume,
} from "../host/pool/index.ts";
import { openQuotas } from "../host/quota/index.ts";
import { type Candidate, formatsFor, kindOf } from "../plan/pool.ts";
import { asWarrenError, WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import { DEFAULT_POOL, type PoolRecord, type PoolRequest } from "../spec/pool.ts";
import type { Work } from "./operation.ts";
import { tryRoot } from "./root-probe.ts";

/** What a pool holds besides what is not ours. */
const DIRECTORIES = ["containers", "trash", "snapshots"];
const markerOf = ({ path }: Pick<PoolRecord, "path">): string => `${path}/.warren-pool`;

/** The record for a pool that is asked for; `state` is the default one. Throws USAGE, BAD_VALUE, REFUSED. */
export function freshPool(request: PoolRequest, state: string, others: readonly PoolRecord[]): PoolRecord {
  const { name, path, device, preallocate = false } = request;
  const kind = kindOf(request);
  const own = `${state}/pools/${name}`;
  const directory = kind === "directory" ? absolute(path ?? "") : own;
  if (kind === "directory") requireApart(directory, [{ name: DEFAULT_POOL, path: state }, ...others]);
  return {
    name,
    kind,
    id: crypto.randomUUID(),
    format: null,
    path: directory,
    source: kind === "loop" ? `${own}.img` : kind === "device" ? absolute(device ?? "") : null,
    preallocated: preallocate,
    phase: "creating",
    created: new Date().toISOString(),
    version: 1,
  };
}

function absolute(given: string): string {
  if (given.startsWith("/")) return normalize(given).replace(/(.)\/+$/, "$1");
  throw new WarrenError("BAD_VALUE", `${printable(given)} is no absolute path`, "begin it with /");
}

/** Makes the pool's directory ready; answers its record with the format that was chosen. Throws FAILED, REFUSED, BAD_VALUE. */
export async function makePool(r: PoolRecord, request: PoolRequest, work: Work): Promise<PoolRecord> {
  const made = r.kind === "directory" ? await makeDirectory(r) : await makeVolume(r, request, work);
  for (const name of DIRECTORIES) mkdirSync(`${r.path}/${name}`, { mode: 0o700 });
  writeFileSync(markerOf(r), `${r.id}\n`, { mode: 0o600 });
  return made;
}

/** Takes away all of a pool that Warren made; what a device holds stays on it. */
export async function unmakePool(r: PoolRecord): Promise<void> {
  if (r.kind === "directory") {
    if (lackOf(r) !== null) return;
    for (const name of DIRECTORIES) rmSync(`${r.path}/${name}`, { recursive: true, force: true });
    rmSync(markerOf(r), { force: true });
    return;
  }
  unmountVolume(r.path);
  if (r.kind === "loop" && r.source) {
    // One whose mount did not come to be stays until it is told to go.
    await detachFile(r.source);
    rmSync(r.source, { force: true });
  }
  // Never recursive: should anything still be mounted there, it is the containers' files.
  if (existsSync(r.path)) rmdirSync(r.path);
}

/** Why a pool's files are not there, or `null`. */
export function lackOf(r: PoolRecord): string | null {
  const marker = markerOf(r);
  if (!existsSync(r.path)) return `${r.path} is not there`;
  if (!existsSync(marker))
    return `${r.path} does not hold the pool: nothing is mounted there, or something else`;
  return readFileSync(marker, "utf8").trim() === r.id ? null : `${r.path} holds another pool`;
}

/** Mounts a pool that isn't, as after the host's reboot. Throws what mounting throws. */
export async function mountPool(r: PoolRecord): Promise<void> {
  if (r.kind === "directory" || isMounted(r.path)) return;
  mkdirSync(r.path, { recursive: true, mode: 0o700 });
  // With quota where that can be; a kernel may have lost it.
  await mountVolume(volumeOf(r), r.path, true).catch(() => mountVolume(volumeOf(r), r.path, false));
}

function volumeOf({ source, kind, format, id, preallocated }: PoolRecord): Volume {
  return {
    source: source ?? "",
    isFile: kind === "loop",
    format: format ?? "ext4",
    id,
    sparse: !preallocated,
  };
}

/** Throws REFUSED for a directory that something is in, and UNSUPPORTED where no container's root can be mounted. */
async function makeDirectory(r: PoolRecord): Promise<PoolRecord> {
  const { path } = r;
  const refused = (why: string, fix: string) => new WarrenError("REFUSED", `${path} ${why}`, fix, { path });
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile())
    throw refused("is a file", "give a directory of its own");
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const real = realpathSync(path);
  if (real !== path) throw refused("is reached by a symbolic link", `give ${real}`);
  const first = readdirSync(path).find((name) => name !== "lost+found");
  if (first !== undefined) throw refused(`is not empty: ${printable(first)}`, "give a directory of its own");
  await tryRoot(path).catch((thrown) => {
    const { message } = asWarrenError(thrown);
    const fix = "use a directory on ext4, xfs or btrfs";
    throw new WarrenError("UNSUPPORTED", `no container can be in ${path}: ${message}`, fix, { path });
  });
  return r;
}

async function makeVolume(r: PoolRecord, request: PoolRequest, work: Work): Promise<PoolRecord> {
  const size = request.size ?? (await freeDevice(r.source ?? "", request.force ?? false));
  const candidates = formatsFor(size, request.format);
  mkdirSync(r.path, { recursive: true, mode: 0o700 });
  if (r.kind === "loop") {
    work.progress("making the file");
    await makeFile(r.source ?? "", size, r.preallocated, work.signal);
  }
  const reasons: string[] = [];
  for (const candidate of candidates) {
    work.progress(`making ${candidate.format}`);
    const tried = { ...r, format: candidate.format };
    const why = await tryFormat(tried, candidate, request.format === undefined, work.signal);
    if (why === null) return tried;
    reasons.push(`${candidate.format}: ${why}`);
  }
  throw new WarrenError("UNSUPPORTED", `no file system could be made: ${reasons.join("; ")}`, "see dmesg", {
    reasons,
  });
}

/** Makes and mounts one; why that can't be, or `null`. With `must` its quota must be there too. */
async function tryFormat(
  r: PoolRecord,
  { quota }: Candidate,
  must: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  const volume = volumeOf(r);
  try {
    await makeFileSystem(volume, quota, signal);
    await mountVolume(volume, r.path, quota);
  } catch (thrown) {
    const error = asWarrenError(thrown);
    if (error.code !== "FAILED" && error.code !== "UNSUPPORTED") throw error;
    return error.message;
  }
  const why = quota && must ? openQuotas(r.path).missing(r.path) : null;
  if (why !== null) unmountVolume(r.path);
  return why;
}

/** Bytes of a device on which there is nothing, or what may be lost. Throws REFUSED, IN_USE, NO_FILE. */
async function freeDevice(device: string, force: boolean): Promise<number> {
  const found = await signatures(device);
  if (found.length > 0 && !force)
    throw new WarrenError(
      "REFUSED",
      `${device} holds something: ${found.join(", ")}`,
      "choose another, or lose what is there with --force",
      { device, found },
    );
  return deviceSize(device);
}

/** Throws REFUSED for a directory inside of another pool, or one that another pool is inside of. */
function requireApart(path: string, pools: readonly { name: string; path: string }[]): void {
  const other = pools.find(
    (pool) => `${pool.path}/`.startsWith(`${path}/`) || path.startsWith(`${pool.path}/`),
  );
  if (!other) return;
  const of = other.name === DEFAULT_POOL ? "the state directory" : `the pool "${other.name}"`;
  throw new WarrenError(
    "REFUSED",
    `${path} and ${of} are one in the other`,
    "give a directory apart from it",
    {
      path,
    },
  );
}
