/** Debian guests with each of their init systems: boot, limits, shutdown, reboot, power-off, crash. */
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { guestImage } from "../helpers/guest-image.ts";
import { requires } from "../helpers/requires.ts";

const { describe, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "mmdebstrap",
  "overlay",
  "idmap",
  "debian-mirror",
);
const MINUTES = 60_000;
const MIB = 2 ** 20;

const GUESTS = [
  { recipe: "debian/13", init: "systemd", word: "systemd" },
  { recipe: "debian/12", init: "sysvinit", word: "init" },
  { recipe: "debian/12", init: "openrc", word: "init" },
] as const;

for (const { recipe, init, word } of GUESTS)
  describe(`${recipe} with ${init}`, async () => {
    const { test } = await import("bun:test");
    let d: TestDaemon;
    const info = (name: string) => d.json("info", name);
    const effective = async (key: string) => (await d.json("get", "web", key))[key].effective;
    const lastEvent = async (type: string) =>
      (await d.ok("events", "-o", "json"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .findLast((event) => event.type === type);
    /** Does something that makes the guest reboot and waits until it has booted again. */
    const rebooted = async (how: () => Promise<unknown>) => {
      const runs = `${d.instance.run}/lxc/web/init`;
      const before = readFileSync(runs, "utf8");
      await how();
      await until("it reboots", () => existsSync(runs) && readFileSync(runs, "utf8") !== before);
    };

    beforeAll(async () => {
      if (missing !== null) return;
      const file = await guestImage(recipe, init);
      d = await testDaemon();
      await d.ok("image", "import", "--alias", "guest", file);
    }, 10 * MINUTES);
    afterAll(() => d?.[Symbol.asyncDispose]());

    test(
      "boots clean, its own init first, sees its limits",
      async () => {
        await d.ok(
          "launch",
          "guest",
          "web",
          "--wait",
          "--set",
          "memory.limit=256M",
          "--set",
          "cpu.limit=100%",
        );
        expect(await info("web")).toMatchObject({ state: "running", init });
        expect(await d.sh("web", "cat /proc/1/comm")).toBe(word);
        if (init === "systemd") {
          expect(await d.sh("web", "systemctl is-system-running; systemctl --failed --no-legend")).toBe(
            "running",
          );
        }
        expect(await d.sh("web", "free -m | awk '/^Mem/ {print $2}'")).toBe("256");
        expect(await d.sh("web", "hostname")).toBe("web");
      },
      3 * MINUTES,
    );

    test(
      "reaches the outside by name, without leave to be somebody else",
      async () => {
        await d.ok(
          "exec",
          "-T",
          "-n",
          "web",
          "--",
          "apt-get",
          "update",
          "-q",
          "-o",
          "APT::Update::Error-Mode=any",
        );
      },
      3 * MINUTES,
    );

    test(
      "halts by its own shutdown, long before it would be killed",
      async () => {
        await d.ok("stop", "web");
        expect(await info("web")).toMatchObject({ state: "stopped", failure: null });
        expect((await lastEvent("container-stopped")).details).toEqual({ reason: "halted" });
        await d.ok("start", "web");
        await d.ok("stop", "web");
        expect((await lastEvent("container-stopped")).details).toEqual({ reason: "halted" });
        await d.ok("start", "--wait", "web");
      },
      3 * MINUTES,
    );

    test(
      "a reboot from within: the saved level is back, the other is gone",
      async () => {
        await d.ok("set", "web", "memory.limit=320M", "--save");
        await d.ok("set", "web", "pids.limit=777");
        expect([await effective("memory.limit"), await effective("pids.limit")]).toEqual([320 * MIB, 777]);
        const { initPid } = await info("web");
        await rebooted(() => d.warren(["exec", "-T", "-n", "web", "--", "reboot"]));
        await until("the daemon saw it", async () => ![initPid, null].includes((await info("web")).initPid));
        expect((await info("web")).state).toBe("running");
        expect(await effective("memory.limit")).toBe(320 * MIB);
        expect(await effective("pids.limit")).not.toBe(777);
        expect((await lastEvent("container-rebooted"))?.container).toBe("web");
        expect(await d.strays()).toEqual([]);
      },
      3 * MINUTES,
    );

    test(
      "a reboot from within while no daemon runs",
      async () => {
        await until(
          "it listens",
          async () => (await d.warren(["exec", "-T", "-n", "web", "--", "true"])).code === 0,
        );
        await d.ok("set", "web", "memory.limit=288M", "--save");
        await Bun.sleep(500);
        await d.ok("exec", "-T", "-n", "web", "--", "sh", "-c", "(sleep 1; reboot) >/dev/null 2>&1 &");
        await rebooted(() => d.kill());
        await d.start();
        expect((await info("web")).state).toBe("running");
        expect(await effective("memory.limit")).toBe(288 * MIB);
        expect(await d.strays()).toEqual([]);
      },
      3 * MINUTES,
    );

    test(
      "a crash of init is told with what the console showed last",
      async () => {
        const { initPid } = await info("web");
        await until("it says something", async () => (await d.ok("logs", "web")).length > 0);
        process.kill(initPid, "SIGKILL");
        await until("it is seen", async () => (await info("web")).state === "error");
        const crash = await lastEvent("container-crashed");
        expect(crash).toMatchObject({
          container: "web",
          details: { reason: expect.stringContaining("Killed") },
        });
        expect(crash.details.console.length).toBeGreaterThan(0);
        await until("all is cleaned up", async () => (await d.strays()).length === 0);
        await d.ok("start", "--wait", "web");
        expect((await info("web")).failure).toBeNull();
      },
      3 * MINUTES,
    );

    test(
      "power-off from within stops it, and nothing of it is left after its deletion",
      async () => {
        await d.warren(["exec", "-T", "-n", "web", "--", "poweroff"]);
        await until("it stopped", async () => (await info("web")).state === "stopped");
        expect(await info("web")).toMatchObject({ failure: null, wanted: "stopped" });
        await d.ok("delete", "-y", "web");
        await d.stop();
        expect(d.left()).toEqual([]);
      },
      3 * MINUTES,
    );
  });
