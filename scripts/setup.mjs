// @ts-check
// npm run setup: installs what is missing (Debian packages, npm packages, Bun, id ranges) and starts nothing.

import { script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";

await script(async () => {
  await setup();
  return 0;
});
