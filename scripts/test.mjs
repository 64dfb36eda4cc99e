// @ts-check
// npm test: setup, then everything this machine can run; ends with `N passed, N failed, N skipped`.
// Folders as arguments narrow it: npm test -- unit style

import { script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";
import { CHECKS, conclude, FOLDERS, runCheck, runFolder, total } from "./steps/suite.mjs";

await script(async () => {
  const asked = process.argv.slice(2);
  await setup({ system: "wanted" });
  const results = [];
  if (asked.length === 0) for (const check of CHECKS) results.push(await runCheck(check));
  for (const folder of asked.length > 0 ? asked : FOLDERS) results.push(await runFolder(folder));
  return conclude(total(results));
});
