/** Fetching that is cancelled or killed in the middle: nothing is left, no process goes on, and it works the next time. */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../helpers/daemon.ts";
import { errorOf, imageRig } from "../helpers/images.ts";
import { ociImage, registry, type Served, serve } from "../helpers/oci.ts";
import { requires } from "../helpers/requires.ts";

const { test } = requires("root", "userns", "idmap", "tar", "skopeo");

const image = ociImage(
  [
    [{ name: "etc", type: "directory" }],
    [{ name: "etc/big", data: new Uint8Array(crypto.getRandomValues(Buffer.alloc(60_000))) }],
  ],
  { Cmd: ["/etc/big"] },
);
const largest = [...image.blobs].sort(([, a], [, b]) => b.length - a.length)[0]!;

/** The registry, whose largest blob stops coming in the middle while `stuck` says so. */
function halting(whole: Served, stuck: () => boolean): Served {
  return serve((request, path) => {
    if (!stuck() || !path.endsWith(largest[0]))
      return fetch(`http://${whole.host}${path}`, { headers: request.headers });
    const body = new ReadableStream<Uint8Array>({
      start: (c) => c.enqueue(largest[1].slice(0, 20_000)),
      pull: () => new Promise(() => undefined),
    });
    return new Response(body);
  });
}

/** Pids of processes that were given a path of `dir`. */
const processesOf = (dir: string): string[] =>
  readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dir);
    } catch {
      return false;
    }
  });

test("cancelled while a layer comes", async () => {
  let stuck = true;
  using whole = registry({ "app:1": image });
  using server = halting(whole, () => stuck);
  const sources = { registries: { insecure: [server.host] }, imageServers: {} };
  using rig = imageRig(undefined, sources);
  const source = `docker:${server.host}/app:1`;
  const operation = rig.images.pull({ source });
  await until("bytes have come", () => rig.operations.get(operation.id).progress.done >= 20_000);
  rig.operations.cancel(operation.id);
  expect((await errorOf(rig.result(operation))).code).toBe("CANCELLED");
  await until("skopeo is gone", () => processesOf(rig.dir).length === 0);
  expect(readdirSync(`${rig.state}/images/tmp`)).toEqual([]);
  stuck = false;
  expect((await rig.result(rig.images.pull({ source }))).aliases).toEqual([source]);
}, 30_000);

test("killed with the daemon while a layer comes", async () => {
  let stuck = true;
  using whole = registry({ "app:1": image });
  using server = halting(whole, () => stuck);
  const sources = { registries: { insecure: [server.host] }, imageServers: {} };
  using rig = imageRig(undefined, sources);
  rig.close();
  const source = `docker:${server.host}/app:1`;
  const child = Bun.spawn({
    cmd: [process.execPath, `${import.meta.dir}/../helpers/half-pull.ts`, rig.dir, server.host, source],
    stdout: "ignore",
    stderr: "inherit",
  });
  await until("the layer is asked for", () => server.asked.some((path) => path.endsWith(largest[0])));
  child.kill("SIGKILL");
  await child.exited;
  await until("skopeo ended with it", () => processesOf(rig.dir).length === 0);
  stuck = false;
  using after = imageRig(rig.dir, sources);
  await after.images.recover();
  expect(readdirSync(`${after.state}/images/tmp`)).toEqual([]);
  expect((await after.result(after.images.pull({ source }))).aliases).toEqual([source]);
}, 30_000);
