/** What is handed to a new container before its first start: keys, a password, user data; templates of old. */
import { afterAll, beforeAll, expect } from "bun:test";
import { statSync } from "node:fs";
import { archive, program, SYSTEM } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { describe, missing } = requires(
  "root",
  "lxc",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
  "tar",
);
const KEY = `ssh-ed25519 ${"A".repeat(68)} me@example`;

describe("new containers", async () => {
  const { test } = await import("bun:test");
  let d: TestDaemon;
  beforeAll(async () => {
    if (missing === null) d = await testDaemon();
  });
  afterAll(() => d?.[Symbol.asyncDispose]());

  test("keys from a file and as they stand, and a password that only its hash is kept of", async () => {
    const file = `${d.dir}/keys.pub`;
    await Bun.write(file, `# mine\n${KEY}\n\n${KEY} again\n`);
    const other = KEY.replace("me@", "you@");
    const { code, stderr } = await d.warren(
      ["launch", "busybox", "web", "--ssh-key", file, "--ssh-key", other, "--password"],
      "it's secret\n",
    );
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("secret")]);
    expect(await d.sh("web", "cat /root/.ssh/authorized_keys")).toBe(`${KEY}\n${KEY} again\n${other}`);
    expect(await d.sh("web", "stat -c '%a %u %g' /root/.ssh /root/.ssh/authorized_keys /etc/shadow")).toBe(
      "700 0 0\n600 0 0\n600 0 0",
    );
    const shadow = await d.sh("web", "cat /etc/shadow");
    const [, salt = "", hash = ""] = /^root:\$6\$([^$]+)\$([^:]+):/m.exec(shadow) ?? [];
    expect(shadow).toContain("nobody:*:");
    const again = Bun.spawnSync({
      cmd: ["openssl", "passwd", "-6", "-salt", salt, "-stdin"],
      stdin: Buffer.from("it's secret\n"),
    });
    expect(again.stdout.toString().trim()).toBe(`$6$${salt}$${hash}`);
    // Neither the password nor its hash stays in the records.
    const kept = Bun.spawnSync([
      "grep",
      "-rlaF",
      "-e",
      "it's secret",
      "-e",
      hash,
      `${d.instance.state}/warren.db`,
    ]);
    expect(kept.stdout.toString()).toBe("");
    for (const name of ["warren.db", "warren.db-wal"])
      expect(statSync(`${d.instance.state}/${name}`).mode & 0o777).toBe(0o600);
    await d.ok("restart", "--force", "web");
    expect(await d.sh("web", "cat /etc/shadow")).toBe(shadow);
  });

  test("what is no key, no file or too much is refused and leaves nothing", async () => {
    const cases: [string[], number, string][] = [
      [["--ssh-key", "ssh-rsa not a key"], 2, "is not a public key"],
      [["--ssh-key", `${d.dir}/none.pub`], 3, "there is no file"],
      [["--user-data", `${d.dir}/keys.pub`], 5, "has no cloud-init"],
      [["-e", "A=b"], 5, "not an application"],
    ];
    for (const [options, exit, message] of cases) {
      const { code, stderr } = await d.warren(["launch", "busybox", "bad", ...options]);
      expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
    }
    expect((await d.json("list")).map(({ name }: { name: string }) => name)).toEqual(["web"]);
  });

  test("an image with cloud-init gets its user data and keys as a NoCloud seed", async () => {
    await d.ok("image", "export", "busybox", `${d.dir}/busybox.tar`, "--compression", "none");
    const grown = `${d.dir}/grown`;
    for (const cmd of [
      ["mkdir", grown],
      ["tar", "-xf", `${d.dir}/busybox.tar`, "-C", grown, "rootfs"],
      ["install", "-D", "-m", "755", "/bin/true", `${grown}/rootfs/usr/bin/cloud-init`],
      ["tar", "-cf", `${d.dir}/cloud.tar`, "-C", `${grown}/rootfs`, "."],
    ])
      expect(Bun.spawnSync(cmd).exitCode).toBe(0);
    await d.ok("image", "import", "--alias", "cloud", `${d.dir}/cloud.tar`);
    const data = "#cloud-config\nruncmd: [[touch, /it's here]]\n";
    await Bun.write(`${d.dir}/data`, data);
    await d.ok("launch", "cloud", "c", "--user-data", `${d.dir}/data`, "--ssh-key", KEY);
    const seed = "/var/lib/cloud/seed/nocloud";
    expect(`${await d.sh("c", `cat ${seed}/user-data`)}\n`).toBe(data);
    const meta = JSON.parse(await d.sh("c", `cat ${seed}/meta-data`));
    const { uuid } = await d.json("info", "c");
    expect(meta).toEqual({ "instance-id": uuid, "local-hostname": "c", "public-keys": [KEY] });
    expect(await d.sh("c", "ls /root/.ssh 2>&1 || true")).toContain("No such file");
  });

  test("a template of OpenVZ is taken for what it is", async () => {
    const file = `${d.dir}/debian-7-x86_64.tar.gz`;
    const template = archive([
      ...SYSTEM,
      { name: "etc/network", type: "directory" },
      { name: "etc/network/interfaces", data: "auto venet0\niface venet0 inet manual\n" },
      { name: "etc/inittab", data: "1:2345:respawn:/sbin/getty 38400 tty1\n" },
      { name: "etc/debian_version", data: "7.11\n" },
      { name: "lib", type: "directory" },
      { name: "lib/x86_64-linux-gnu", type: "directory" },
      { name: "lib/x86_64-linux-gnu/libc-2.13.so", data: program() },
    ]);
    await Bun.write(file, Bun.gzipSync(template));
    const { code, stderr } = await d.warren(["image", "import", "--alias", "old", file]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("vsyscall=emulate")]);
    const image = await d.json("image", "info", "old");
    expect(image).toMatchObject({ init: "sysvinit", source: "openvz:old", description: "7.11" });
    expect(image.warnings).toHaveLength(3);
  });
});
