// @ts-check
// npm stop: ends the daemon, never a container.

import { stopDaemon } from "./steps/daemon.mjs";
import { instance, typed } from "./steps/place.mjs";
import { say, script } from "./steps/say.mjs";
import { ask } from "./steps/socket.mjs";

await script(async () => {
  const listed = await ask(instance().socket, "/v1/containers?state=running");
  /** @type {string[]} */
  const names = listed?.body?.items?.map((/** @type {{ name: string }} */ { name }) => name) ?? [];
  if (!(await stopDaemon())) say(`no daemon runs at ${instance().socket}`);
  else if (names.length === 0) say("the daemon was stopped; no container runs");
  else {
    const some =
      names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
    say(`the daemon was stopped; containers run on: ${some}`);
    say(`\`npm start\` takes them back; to end one first: ${typed(`stop ${names[0]}`)}`);
  }
  return 0;
});
