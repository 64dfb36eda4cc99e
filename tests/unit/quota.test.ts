/** Structures of the kernel's quota interfaces. */
import { expect, test } from "bun:test";
import { FSXATTR, setProject } from "../../src/host/quota/text.ts";

const INHERIT = 0x200;
const NOATIME = 0x40;

/** What is in the structure, after a project was put into one with `flags` and `project`. */
function put(flags: number, project: number, directory: boolean) {
  const bytes = new Uint8Array(FSXATTR.size);
  const at = new DataView(bytes.buffer);
  at.setUint32(FSXATTR.flags, flags, true);
  at.setUint32(FSXATTR.project, project, true);
  const changed = setProject(bytes, 7, directory);
  return [changed, at.getUint32(FSXATTR.flags, true), at.getUint32(FSXATTR.project, true)];
}

test("a directory hands its project to what is made in it", () => {
  expect(put(0, 0, true)).toEqual([true, INHERIT, 7]);
  expect(put(NOATIME, 7, true)).toEqual([true, NOATIME | INHERIT, 7]);
  expect(put(INHERIT, 3, true)).toEqual([true, INHERIT, 7]);
  expect(put(INHERIT, 7, true)).toEqual([false, INHERIT, 7]);
});
test("a file gets the project and keeps its flags: ext4 refuses to give it the directories' flag", () => {
  expect(put(0, 0, false)).toEqual([true, 0, 7]);
  expect(put(NOATIME, 3, false)).toEqual([true, NOATIME, 7]);
  expect(put(NOATIME, 7, false)).toEqual([false, NOATIME, 7]);
});
