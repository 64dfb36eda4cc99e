// @ts-check
// The package's tree on disk: every file with its place, its mode and one time for all, so that equal sources make equal packages.

import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { inClone } from "../steps/place.mjs";

/** Files of packaging/ and where they go. */
export const PLACES = Object.freeze({
  "warren.service": "usr/lib/systemd/system/warren.service",
  "warren.tmpfiles": "usr/lib/tmpfiles.d/warren.conf",
  "warren.sysusers": "usr/lib/sysusers.d/warren.conf",
  "complete-id-range": "usr/lib/warren/complete-id-range",
  "raise-sysctls": "usr/lib/warren/raise-sysctls",
  copyright: "usr/share/doc/warren/copyright",
});

/** Scripts that dpkg runs. */
export const SCRIPTS = ["postinst", "prerm", "postrm"];

const EXECUTABLE = new Set([
  "usr/bin/warren",
  PLACES["complete-id-range"],
  PLACES["raise-sysctls"],
  ...SCRIPTS.map((name) => `DEBIAN/${name}`),
]);

/**
 * Lays the package out in an empty directory. Texts whose place is a manual page or a changelog are compressed.
 * @param {string} root @param {string} binary @param {Record<string, string>} texts by place
 */
export function layOut(root, binary, texts) {
  const put = (/** @type {string} */ place, /** @type {string | Uint8Array} */ body) => {
    mkdirSync(dirname(join(root, place)), { recursive: true });
    writeFileSync(join(root, place), body);
  };
  for (const [name, place] of Object.entries(PLACES)) put(place, readFileSync(inClone("packaging", name)));
  for (const name of readdirSync(inClone("packaging", "profiles")))
    put(`usr/share/warren/profiles/${name}`, readFileSync(inClone("packaging", "profiles", name)));
  for (const name of SCRIPTS) put(`DEBIAN/${name}`, readFileSync(inClone("packaging", name)));
  const all = { ...texts, "usr/share/doc/warren/changelog": readFileSync(inClone("CHANGELOG.md"), "utf8") };
  for (const [place, text] of Object.entries(all)) {
    if (/^usr\/share\/(man|doc)\//.test(place)) put(`${place}.gz`, gzipSync(text, { level: 9 }));
    else put(place, text);
  }
  const conffiles = Object.keys(all).filter((place) => place.startsWith("etc/"));
  put("DEBIAN/conffiles", conffiles.map((place) => `/${place}\n`).join(""));
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  copyFileSync(binary, join(root, "usr/bin/warren"));
}

/** Every path below a directory, deepest last. @param {string} root @returns {string[]} */
const below = (root) => readdirSync(root, { recursive: true }).map(String).sort();

/** Sets modes, whatever the umask is, and one time. @param {string} root @param {number} epoch seconds */
export function settle(root, epoch) {
  for (const place of below(root).reverse()) {
    const path = join(root, place);
    chmodSync(path, isDirectory(path) || EXECUTABLE.has(place) ? 0o755 : 0o644);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(root, 0o755);
  lutimesSync(root, epoch, epoch);
}

/** What the files take when installed, in KiB as dpkg-gencontrol counts: files rounded up, 1 for each directory. @param {string} root */
export function installedSize(root) {
  return below(root)
    .filter((place) => !/^DEBIAN(\/|$)/.test(place))
    .map((place) => join(root, place))
    .reduce((sum, path) => sum + (isDirectory(path) ? 1 : Math.ceil(readFileSync(path).length / 1024)), 1);
}

/** @param {string} path */
function isDirectory(path) {
  try {
    return readdirSync(path) !== undefined;
  } catch {
    return false;
  }
}
