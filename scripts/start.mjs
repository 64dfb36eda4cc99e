// @ts-check
// npm start: setup, build, daemon, and a Debian server called `demo` whose levels change while it runs.
// Run again it is quick and changes nothing that is right.

import { resolve } from "node:path";
import { build, isFresh } from "./steps/binary.mjs";
import { isRoot } from "./steps/command.mjs";
import { ensureDaemon } from "./steps/daemon.mjs";
import { demo } from "./steps/demo.mjs";
import { typed } from "./steps/place.mjs";
import { heading, Refusal, say, script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";

/** @type {[string, string][]} */
const NEXT = [
  ["shell demo", "a root shell in it"],
  ["list", "all servers, what they hold"],
  ["set demo memory.limit=1G cpu.limit=50% --save", "change levels while it runs"],
  ["get demo", "wanted, effective and saved levels"],
  ["launch debian/13 web", "another one"],
  ["host check", "what this host offers and lacks"],
  ["delete demo --force", "away with it"],
];

await script(async () => {
  if (process.env.WARREN_DIR) process.env.WARREN_DIR = resolve(process.env.WARREN_DIR);
  if (!isRoot()) throw new Refusal("npm start makes containers, and is not run by root", "run it as root", 5);
  await setup();
  heading("\nBuild");
  const changed = !isFresh();
  if (!changed) say("dist/warren is newer than its sources");
  else {
    build();
    say("made dist/warren, daemon and command line in one file");
  }
  heading("\nDaemon");
  await ensureDaemon({ changed });
  heading("\nA server in one command");
  await demo();
  heading("\nTry next");
  const next = [
    ...NEXT.map(([command, what]) => [typed(command), what]),
    ["npm stop", "end the daemon; containers run on"],
  ];
  const width = Math.max(...next.map(([command = ""]) => command.length));
  for (const [command = "", what] of next) say(`${command.padEnd(width)}   ${what}`);
  return 0;
});
