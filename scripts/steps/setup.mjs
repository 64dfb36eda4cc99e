// @ts-check
// Installs what is missing and starts nothing; quick when nothing is missing.

import { verifyBun } from "./bun.mjs";
import { isRoot } from "./command.mjs";
import { completeRange, lacksRange } from "./idrange.mjs";
import { installModules, missingModules } from "./npm.mjs";
import { installPackages, missingPackages } from "./packages.mjs";
import { heading, Refusal, say } from "./say.mjs";

const RANGES = ["/etc/subuid", "/etc/subgid"];

/**
 * @param {{ system?: "required" | "wanted" }} [options] with "wanted" a user who is not root goes on without the
 *   system's part (tests then skip what needs it)
 */
export async function setup({ system = "required" } = {}) {
  heading("Setup");
  const packages = missingPackages();
  const names = Object.keys(packages);
  const files = RANGES.filter(lacksRange);
  if (isRoot()) {
    if (names.length > 0) await installPackages(packages);
    for (const path of RANGES) completeRange(path, say);
  } else if (names.length + files.length > 0) {
    const what = [
      names.length ? `install ${names.join(", ")}` : "",
      files.length ? `complete ${files.join(", ")}` : "",
    ];
    const message = `setup must ${what.filter(Boolean).join(" and ")}, and is not run by root`;
    if (system === "required") throw new Refusal(message, "run it as root", 5);
    say(`${message}: going on without`);
  }
  const modules = missingModules();
  if (modules.length > 0) await installModules(modules);
  const bun = verifyBun();
  say(`ready: Debian packages, id ranges, npm packages, Bun ${bun}`);
}
