// @ts-check
// npm test: setup, then everything this machine can run; ends with `N passed, N failed, N skipped`.
// Folders as arguments narrow it: npm test -- unit style; with --v2 the core is run on the modern host as well.

import { runModern } from "./steps/modern.mjs";
import { script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";
import { CHECKS, conclude, FOLDERS, runCheck, runFolder, total } from "./steps/suite.mjs";

await script(async () => {
  const words = process.argv.slice(2);
  const asked = words.filter((word) => word !== "--v2");
  await setup({ system: "wanted" });
  const results = [];
  if (asked.length === 0) for (const check of CHECKS) results.push(await runCheck(check));
  for (const folder of asked.length > 0 ? asked : FOLDERS) results.push(await runFolder(folder));
  if (words.includes("--v2")) results.push(await runModern());
  return conclude(total(results));
});
