// @ts-check
// npm run deb [-- --version X]: makes dist/warren_VERSION_ARCH.deb, the package a user installs.

import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { makePackage } from "./deb/make.mjs";
import { heading, Refusal, say, script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";

await script(async () => {
  const { version } = options();
  await setup({ system: "wanted" });
  heading("Package");
  const made = makePackage({ version });
  say(`${made}: ${Math.round(statSync(made).size / 2 ** 20)} MiB`);
  say(`install it with: apt-get install ${made}`);
  return 0;
});

function options() {
  try {
    return parseArgs({ options: { version: { type: "string" } } }).values;
  } catch (error) {
    throw new Refusal(
      error instanceof Error ? error.message : String(error),
      "npm run deb [-- --version X]",
      2,
    );
  }
}
