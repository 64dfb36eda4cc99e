// @ts-check
// npm run build: makes dist/warren, one self-contained binary; does nothing when it is newer than its sources.

import { statSync } from "node:fs";
import { BINARY, build, isFresh } from "./steps/binary.mjs";
import { heading, say, script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";

await script(async () => {
  await setup({ system: "wanted" });
  heading("Build");
  const fresh = isFresh();
  if (!fresh) build();
  say(
    `${BINARY}: ${Math.round(statSync(BINARY).size / 2 ** 20)} MiB${fresh ? ", newer than its sources" : ""}`,
  );
  return 0;
});
