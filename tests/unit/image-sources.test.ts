/** Where images come from and what is made of their configuration: names, programs, keys, templates. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { registryFailure } from "../../src/host/skopeo/text.ts";
import { isSquashfs, type SquashfsMeaning, squashfsMeaning } from "../../src/host/tar/squashfs-text.ts";
import { missedLink } from "../../src/host/tar/text.ts";
import {
  programAccount,
  programOf,
  programScript,
  quoted,
  readAppConfig,
  signalNumber,
} from "../../src/plan/app.ts";
import { imageDigest } from "../../src/plan/image.ts";
import { initOf } from "../../src/plan/init.ts";
import { noCloud, publicKey, withKeys, withPassword } from "../../src/plan/seed.ts";
import { pulledImage } from "../../src/plan/source.ts";
import { below, findProduct } from "../../src/plan/streams.ts";
import { type TreeFacts, templateWarnings, titleOf } from "../../src/plan/template.ts";
import { parseConfig } from "../../src/spec/config.ts";

describe("what an image is fetched from", () => {
  test.each([
    ["docker:alpine", "alpine", "docker.io"],
    ["docker:alpine:3.20", "alpine:3.20", "docker.io"],
    ["docker:team/web:V1", "team/web:V1", "docker.io"],
    ["docker:localhost:5000/team/web:2", "localhost:5000/team/web:2", "localhost:5000"],
    ["docker:registry.example/a/b/c", "registry.example/a/b/c", "registry.example"],
    [`docker:web@sha256:${"a".repeat(64)}`, `web@sha256:${"a".repeat(64)}`, "docker.io"],
  ])("%s", (text, reference, registry) =>
    expect(pulledImage(text, ["lxc"])).toEqual({ kind: "registry", alias: text, reference, registry }),
  );

  test("servers by their name, and nothing else", () => {
    expect(pulledImage("lxc:debian/12/cloud", ["lxc"])).toEqual({
      kind: "server",
      alias: "lxc:debian/12/cloud",
      server: "lxc",
      product: "debian/12/cloud",
    });
    for (const text of ["debian/13", "other:debian/12", "team/web:2"])
      expect(pulledImage(text, ["lxc"]), text).toBeUndefined();
    for (const text of ["docker:", "docker:-x", "docker:a b", "docker:Team/web", "docker:a/../b", "lxc:../x"])
      expect(() => pulledImage(text, ["lxc"]), text).toThrow();
  });

  test("an address below a server never leads elsewhere", () => {
    expect(below("https://a.example/x", "images/1.tar")).toBe("https://a.example/x/images/1.tar");
    for (const path of [
      "../up",
      "/root",
      "//b.example/1",
      "https://b.example/1",
      "x/%2e%2e/%2e%2e/up",
      "a\\..\\b",
    ])
      expect(() => below("https://a.example/x", path), path).toThrow("leads outside");
  });

  test("config.json takes servers with a certificate, and this host itself without", () => {
    const parsed = parseConfig(
      '{"imageServers": {"mine": "https://a.example", "here": "http://127.0.0.1:8"}}',
    );
    expect(Object.keys(parsed.imageServers)).toEqual(["lxc", "mine", "here"]);
    for (const text of [
      '{"imageServers": {"mine": "http://a.example"}}',
      '{"imageServers": {"docker": "https://a.example"}}',
      '{"imageServers": ["https://a.example"]}',
      '{"registries": {"insecure": "a"}}',
      '{"registries": {"secure": []}}',
    ])
      expect(() => parseConfig(text), text).toThrow("config.json");
  });

  test("what skopeo complains of, in words", () => {
    const said = (msg: string) => registryFailure(`time="x" level=fatal msg="${msg}"`, "a:1", "r.example");
    expect(said("reading manifest 1 in r.example/a: manifest unknown: no").code).toBe("NO_IMAGE");
    expect(said("requested access to the resource is denied").code).toBe("DENIED");
    expect(said("http: server gave HTTP response to HTTPS client").fix).toContain(
      '"insecure": ["r.example"]',
    );
    expect(said("dial tcp: lookup r.example: no such host")).toMatchObject({
      code: "FAILED",
      message: expect.stringContaining("no such host"),
    });
  });

  test("the hard link that tar could not make is read back", () => {
    expect(missedLink("tar: c\\nd: Cannot hard link to ‘a\\040b\\\\’: No such file or directory")).toEqual({
      name: "c\nd",
      target: "a b\\",
    });
    expect(missedLink("tar: x: Cannot open: No such file or directory")).toBeUndefined();
  });
});

describe("squashfs", () => {
  test.each<[string, SquashfsMeaning]>([
    [
      "create_inode: failed to create character device tree/dev/null, because Operation not permitted",
      "device",
    ],
    [
      `create_inode: failed to create block device tree/${"x".repeat(300)}, because Operation not permitted`,
      "device",
    ],
    [
      "FATAL ERROR: write_xattr: failed to write xattr trusted.y for file tree/f because Operation not permitted",
      "attribute",
    ],
    [
      "FATAL ERROR: write_xattr: failed to write xattr security.selinux for file tree/f because Bad",
      "attribute",
    ],
    ["", null],
  ])("%p is %p", (line, meaning) => {
    expect(squashfsMeaning(line)).toEqual(meaning);
  });

  test.each([
    ["set_attributes: failed to change uid and gids on tree/f, because Invalid argument", "BAD_VALUE"],
    ["Write on output file failed because File too large", "HOSTILE"],
    ["Write on output file failed because No space left on device", "FAILED"],
    ["gzip uncompress failed with error code -3", "BAD_VALUE"],
    ["FATAL ERROR: Can't find a valid SQUASHFS superblock on image", "BAD_VALUE"],
    ["Filesystem uses lzma compression, this is unsupported by this version", "UNSUPPORTED"],
    ["write_xattr: failed to write xattr security.capability for file tree/f because Bad", "FAILED"],
    ["something new", "FAILED"],
  ])("%p is the error %p", (line, code) => {
    expect(squashfsMeaning(line)).toMatchObject({ code });
  });

  test("is known by how it begins, and taken from a server only where there is no tar", () => {
    expect([isSquashfs(Buffer.from("hsqs\0\0")), isSquashfs(Buffer.from("hsq"))]).toEqual([true, false]);
    const item = (ftype: string) => ({ ftype, path: ftype, size: 1, sha256: "0".repeat(64) });
    const from = (...types: string[]) => {
      const items = Object.fromEntries(types.map((type) => [type, item(type)]));
      const products = { p: { aliases: "a", arch: "amd64", versions: { "1": { items } } } };
      return findProduct(JSON.stringify({ products }), "a", "amd64").file;
    };
    expect(from("squashfs", "root.tar.xz").path).toBe("root.tar.xz");
    expect(from("root.squashfs", "lxd_combined.tar.gz")).toMatchObject({
      path: "lxd_combined.tar.gz",
      combined: true,
    });
    expect(from("lxd.tar.xz", "squashfs", "squashfs.vcdiff")).toMatchObject({
      path: "squashfs",
      combined: false,
    });
    expect(() => from("disk-kvm.img", "lxd.tar.xz", "squashfs.vcdiff")).toThrow(
      "neither tar archive nor squashfs",
    );
  });
});

describe("the program of an application image", () => {
  const config = {
    architecture: "arm",
    config: {
      Entrypoint: ["/e"],
      Cmd: ["c"],
      Env: ["A=1=2", "B", "=x"],
      WorkingDir: "",
      User: "u:g",
      StopSignal: "SIGRTMIN+3",
      ExposedPorts: { "80/tcp": {} },
    },
  };

  test("is read from the configuration, whatever is missing or strange in it", () => {
    expect(readAppConfig(config)).toEqual({
      architecture: "armhf",
      app: {
        entrypoint: ["/e"],
        command: ["c"],
        env: { A: "1=2", B: "" },
        cwd: "/",
        user: "u:g",
        stopSignal: 37,
        ports: ["80/tcp"],
      },
    });
    for (const raw of [null, 5, [], {}, { config: { Cmd: "sh", Env: { a: 1 }, User: 7 } }])
      expect(readAppConfig(raw).app).toMatchObject({ entrypoint: [], command: [], env: {}, stopSignal: 15 });
    expect(() => readAppConfig({ config: { Cmd: ["a\0b"] } })).toThrow("NUL");
    expect(["QUIT", "SIGQUIT", "3", "nonsense", "99"].map(signalNumber)).toEqual([3, 3, 3, 15, 15]);
  });

  test("takes other words behind the same entrypoint", () => {
    const { app } = readAppConfig(config);
    expect(programOf(app, { command: ["x"] })).toEqual(["/e", "x"]);
    expect(() => programOf({ ...app, entrypoint: [], command: [] }, {})).toThrow("no program");
  });

  test("an image whose program is its init is a system", () => {
    const { app } = readAppConfig({ config: { Cmd: ["/sbin/init"] } });
    const found = { kind: "systemd", command: ["/sbin/init"], architecture: "amd64" } as const;
    expect(initOf({ ...found, command: [...found.command] }, { app }).kind).toBe("systemd");
    expect(initOf(undefined, { app }).kind).toBe("app");
    expect(() => initOf(undefined, {})).toThrow("no init");
  });

  test("is part of the image's digest, in no order", () => {
    const { app } = readAppConfig(config);
    const tree = `sha256:${"a".repeat(64)}`;
    expect(imageDigest(tree, undefined)).toBe(tree);
    const turned = { ...app, env: { B: "", A: "1=2" } };
    expect(imageDigest(tree, turned)).toBe(imageDigest(tree, app));
    expect(imageDigest(tree, { ...app, user: "" })).not.toBe(imageDigest(tree, app));
  });

  test("no word is anything but a word to the shell", () => {
    const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const script = `printf '%s\\0' ${words.map(quoted).join(" ")}`;
        const { stdout } = Bun.spawnSync({ cmd: ["/bin/sh", "-c", script], env: {} });
        expect(stdout.toString()).toBe(words.map((w) => `${Buffer.from(w)}\0`).join(""));
      }),
      { numRuns: 50 },
    );
  });

  test("root keeps its ids, another becomes whom the image says", () => {
    const of = {
      busybox: "/b",
      exitFile: "/x",
      program: ["p"],
      env: { PATH: "/bin:/usr" },
      cwd: "/",
      stopSignal: 3,
    };
    const root = programScript({ ...of, account: { uid: 0, gid: 0, groups: [] } });
    expect(root).not.toMatch(/start-stop-daemon|nsenter/);
    expect(root).toContain("for dir in '/bin' '/usr'; do");
    const grouped = programScript({ ...of, account: { uid: 33, gid: 44, groups: [55] } });
    expect(grouped).toContain(`'-c' '33:44' '-x' "$program" --`);
    const alone = programScript({ ...of, account: { uid: 33, gid: 44, groups: [] } });
    expect(alone).toContain(`'/b' 'nsenter' '-F' '-G' '44' '-S' '33' "$program"`);
  });

  test("a number without an account has root's group, as images are made for", () => {
    const passwd = "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/srv:/bin/sh\n";
    expect(programAccount("1001", passwd, null)).toMatchObject({ uid: 1001, gid: 0, home: "/" });
    expect(programAccount("1001:7", passwd, null)).toMatchObject({ uid: 1001, gid: 7 });
    expect(programAccount("33", passwd, null)).toMatchObject({ uid: 33, gid: 44, home: "/srv" });
    expect(programAccount(undefined, null, null)).toMatchObject({ uid: 0, gid: 0 });
    expect(() => programAccount("nobody", passwd, null)).toThrow('no user "nobody"');
  });
});

describe("what is handed to a guest", () => {
  const key = `ssh-ed25519 ${"A".repeat(68)} me@example`;

  test("keys are one line and nothing else", () => {
    expect(publicKey(` ${key}\n`)).toBe(key);
    for (const text of [
      "",
      "ssh-ed25519",
      `${key}\n${key}`,
      `command="x" ${key}`,
      "-----BEGIN OPENSSH PRIVATE KEY-----",
    ])
      expect(() => publicKey(text), text).toThrow("public key");
    expect(withKeys("old\n", [key, "old"])).toBe(`old\n${key}\n`);
  });

  test("root's password goes into its line, the others stay", () => {
    expect(withPassword("daemon:*:1:0:::::\nroot:*:2:0:99999:7:::\n", "$6$h", 20_000)).toBe(
      "daemon:*:1:0:::::\nroot:$6$h:20000:0:99999:7:::\n",
    );
    expect(withPassword("", "$6$h", 1)).toBe("root:$6$h:1:0:99999:7:::\n");
  });

  test("cloud-init gets the user data as it is, and leaves the network alone", () => {
    const files = noCloud({ id: "u", name: "web", userData: "#cloud-config\n", sshKeys: [key] });
    expect(JSON.parse(files["meta-data"])).toEqual({
      "instance-id": "u",
      "local-hostname": "web",
      "public-keys": [key],
    });
    expect(files["user-data"]).toBe("#cloud-config\n");
    expect(files["network-config"]).toContain("disabled");
  });
});

describe("old templates", () => {
  const today: TreeFacts = {
    title: "",
    systemd: 257,
    glibc: null,
    upstart: false,
    venet: false,
    vzScripts: false,
    ttyLogins: false,
  };
  test.each([
    [{}, 0],
    [{ systemd: 219 }, 1],
    [{ systemd: 0, venet: true }, 2],
    [{ systemd: null, glibc: 12, upstart: true, vzScripts: true, ttyLogins: true }, 4],
    [{ glibc: 36 }, 0],
  ])("%p has %i things to mind", (facts, count) =>
    expect(templateWarnings({ ...today, ...facts })).toHaveLength(count),
  );

  test("their names", () => {
    expect(titleOf('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n', null)).toBe(
      "Debian GNU/Linux 12 (bookworm)",
    );
    expect(titleOf(null, "CentOS release 6.10 (Final)\n")).toBe("CentOS release 6.10 (Final)");
    expect(titleOf(null, null)).toBe("");
  });
});
