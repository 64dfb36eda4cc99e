/** What a tree loses before it becomes an image. */
import { expect } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAnonymous } from "../../src/host/image/anonymous.ts";
import { requires } from "../helpers/requires.ts";

const { test } = requires("root");

/** A tree with an id and a dbus directory, into which `make` puts dbus's own id. */
async function anonymous(make: (path: string) => unknown, look: (root: string, path: string) => void) {
  const root = mkdtempSync(join(tmpdir(), "warren-anonymous-"));
  try {
    for (const directory of ["etc", "var/lib/dbus"]) mkdirSync(`${root}/${directory}`, { recursive: true });
    await Bun.write(`${root}/etc/machine-id`, `${"a".repeat(32)}\n`);
    const path = `${root}/var/lib/dbus/machine-id`;
    await make(path);
    makeAnonymous(root, { keepSshKeys: true });
    look(root, path);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("the system's id is emptied, dbus's link to it stays", () =>
  anonymous(
    (path) => symlinkSync("/etc/machine-id", path),
    (root, path) => {
      expect(readFileSync(`${root}/etc/machine-id`, "utf8")).toBe("");
      expect(readlinkSync(path)).toBe("/etc/machine-id");
    },
  ));

test("an id that dbus keeps itself goes", () =>
  anonymous(
    (path) => Bun.write(path, `${"a".repeat(32)}\n`),
    (_, path) => expect(existsSync(path)).toBe(false),
  ));

test("so does a link to another place", () =>
  anonymous(
    (path) => symlinkSync("/var/lib/elsewhere", path),
    (_, path) => expect(() => readlinkSync(path)).toThrow("ENOENT"),
  ));
