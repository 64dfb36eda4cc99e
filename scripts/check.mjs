// @ts-check
// npm run check: types, format, lint and the tests about the repository itself; needs neither root nor a kernel.

import { script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";
import { CHECKS, conclude, runCheck, runFolder, total } from "./steps/suite.mjs";

await script(async () => {
  await setup({ system: "wanted" });
  const results = [];
  for (const check of CHECKS) results.push(await runCheck(check));
  results.push(await runFolder("style"));
  return conclude(total(results));
});
