// @ts-check
// npm run docs: makes docs/reference/ again from the tables it is made of.

import { bunPath } from "./steps/bun.mjs";
import { follow } from "./steps/command.mjs";
import { inClone } from "./steps/place.mjs";
import { heading, script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";

await script(async () => {
  await setup({ system: "wanted" });
  heading("Reference pages");
  return await follow([bunPath(), inClone("scripts", "reference.ts")]);
});
