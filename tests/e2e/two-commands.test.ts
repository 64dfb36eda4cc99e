/** `npm start` and `npm stop` as a newcomer types them, in a directory of their own. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instanceOf } from "../../src/spec/instance.ts";
import { difference, type HostState, hostState } from "../helpers/host-state.ts";
import { requires } from "../helpers/requires.ts";

const CLONE = join(import.meta.dir, "..", "..");
const { describe } = requires(
  "root",
  "npm",
  "lxc",
  "lxcfs",
  "uidmap",
  "nft",
  "mmdebstrap",
  "overlay",
  "idmap",
  "debian-mirror",
);

describe("two commands", () => {
  let dir: string;
  let before: HostState;

  const run = (...cmd: string[]) => {
    const env = { ...Bun.env, WARREN_DIR: dir, NO_COLOR: "1" };
    const { exitCode, stdout, stderr } = Bun.spawnSync({
      cmd,
      cwd: CLONE,
      env,
      stdin: "ignore",
      timeout: 300_000,
    });
    return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
  };
  const npm = (script: string) => run("node", `scripts/${script}.mjs`);
  const warren = (...args: string[]) => run("bin/warren", ...args);
  const json = (...args: string[]) => JSON.parse(warren(...args, "-o", "json").out);
  const state = () => hostState(dir, instanceOf(dir).tag);

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "warren-two-"));
    chmodSync(dir, 0o711); // the container's own ids must be able to pass
    before = state();
  });
  afterAll(() => {
    warren("delete", "--all", "--force", "-y");
    npm("stop");
    rmSync(dir, { recursive: true, force: true });
  });

  test("npm start ends with a Debian server whose saved level came back after a reboot from inside", () => {
    const { code, out, err } = npm("start");
    expect(code, out + err).toBe(0);
    expect(out).toContain("bin/warren launch debian/13 demo --wait");
    expect(out).toContain("memory.limit came back as saved");
    const { effective, saved } = json("get", "demo", "memory.limit")["memory.limit"];
    expect([effective, saved]).toEqual([384 * 2 ** 20, 384 * 2 ** 20]);
    expect(warren("exec", "demo", "--", "free", "-m").out).toMatch(/^Mem: +384 /m);
  });

  test("its systemd has booted clean, and it reaches the outside", () => {
    expect(warren("exec", "demo", "--", "systemctl", "is-system-running").out.trim()).toBe("running");
    const apt = warren("exec", "demo", "--", "apt-get", "update", "-q");
    expect(apt.code, apt.out + apt.err).toBe(0);
    expect(apt.out + apt.err).not.toMatch(/^(Err|W):/m);
  });

  test("npm start again changes nothing that is right", () => {
    const { initPid, levels, addresses } = json("info", "demo");
    const { code, out } = npm("start");
    expect(code).toBe(0);
    expect(out.split("\n").filter((line) => line.startsWith("$"))).toEqual([
      `$ WARREN_DIR=${dir} bin/warren list`,
    ]);
    expect(json("info", "demo")).toMatchObject({ initPid, levels, addresses, state: "running" });
  });

  test("npm start starts a server that was stopped, with its saved level", () => {
    expect(warren("stop", "demo").code).toBe(0);
    expect(npm("start").code).toBe(0);
    expect(json("info", "demo").state).toBe("running");
    expect(json("get", "demo", "memory.limit")["memory.limit"].effective).toBe(384 * 2 ** 20);
  });

  test("npm stop ends the daemon and no container; the next start takes it back", () => {
    const { initPid } = json("info", "demo");
    const stopped = npm("stop");
    expect([stopped.code, stopped.out]).toEqual([0, expect.stringContaining("containers run on: demo")]);
    expect(existsSync(`/proc/${initPid}`)).toBe(true);
    expect(warren("list").code).toBe(75);
    expect(npm("stop")).toMatchObject({ code: 0, out: expect.stringContaining("no daemon runs") });
    expect(npm("start").code).toBe(0);
    expect(json("info", "demo").initPid).toBe(initPid);
  });

  test("every command of the README's tour does what it says", () => {
    const readme = readFileSync(join(CLONE, "README.md"), "utf8");
    const tour = /## A tour\n\n```sh\n([\s\S]*?)```/.exec(readme)?.[1]?.trim().split("\n") ?? [];
    expect(tour.length).toBeGreaterThan(10);
    for (const line of tour) {
      const { code, out, err } = run("sh", "-c", line);
      expect(code, `${line}\n${out}${err}`).toBe(0);
    }
    expect(json("list").map(({ name }: { name: string }) => name)).toEqual(["demo"]);
  });

  test("after delete and npm stop the host is as it was", async () => {
    expect(warren("delete", "--all", "--force", "-y").code).toBe(0);
    expect(npm("stop").out).toContain("no container runs");
    const left = () => difference(before, state()).filter((line) => !line.startsWith("descriptors"));
    // lxcfs has a thread that wakes every five seconds and only then sees that it was told to end
    for (let i = 0; i < 100 && left().length > 0; i++) await Bun.sleep(100);
    expect(left()).toEqual([]);
  });
});
