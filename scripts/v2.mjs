/**
 * The modern host: a Debian with cgroup v2, systemd and AppArmor in a virtual machine of its own.
 *
 *   npm run v2 -- build [--fresh]     make the image if there is none for this recipe
 *   npm run v2 -- boot                boot it and leave it running
 *   npm run v2 -- run CMD...          run CMD in a copy of the clone there; boots and stops it unless it runs already
 *   npm run v2 -- shell               a shell there, likewise
 *   npm run v2 -- status | stop
 *   npm run v2 -- test [FILTER...]    the kernel and e2e suites there (npm run test:v2)
 */
import { ensureMachine } from "./v2/boot.mjs";
import { command, pushClone, shell } from "./v2/guest.mjs";
import { ensureImage } from "./v2/image.mjs";
import { running, stop } from "./v2/machine.mjs";
import { machinePlaces } from "./v2/places.mjs";
import { suites } from "./v2/suites.mjs";
import { Refusal, say } from "./v2/tool.mjs";

const COMMANDS = {
  async build(words) {
    const image = await ensureImage({ fresh: words.includes("--fresh") });
    say(`image ${image.directory}`);
    return 0;
  },
  async boot() {
    await ensureMachine();
    await status();
    return 0;
  },
  async shell() {
    return await during(shell);
  },
  async run(words) {
    if (words.length === 0) throw new Refusal("run what? npm run v2 -- run uname -a");
    return await during((machine) => command(machine, words));
  },
  async test(words) {
    return await during((machine) => suites(machine, words));
  },
  async status() {
    return await status();
  },
  async stop() {
    say((await stop()) ? "stopped" : "nothing was running");
    return 0;
  },
};

/** Does `work` in the machine with the clone as it is now; a machine booted for it ends with it. */
async function during(work) {
  const halt = () => void stop().finally(() => process.exit(130));
  const signals = running() ? [] : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.once(signal, halt);
  let booted = false;
  try {
    const { machine, fresh } = await ensureMachine();
    booted = fresh;
    await pushClone(machine);
    return await work(machine);
  } finally {
    if (booted) await stop();
    for (const signal of signals) process.off(signal, halt);
  }
}

async function status() {
  const machine = running();
  if (!machine) {
    say("not running");
    return 1;
  }
  say(
    `running since ${machine.since} with ${machine.accel}, pid ${machine.pid}, ssh on 127.0.0.1:${machine.port}`,
  );
  say(`console in ${machinePlaces().console}`);
  return 0;
}

const [name = "", ...words] = process.argv.slice(2);
const act = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (!act) {
  process.stderr.write(`v2: no command "${name}"; one of ${Object.keys(COMMANDS).join(", ")}\n`);
  process.exit(2);
}
try {
  process.exitCode = await act(words);
} catch (error) {
  process.stderr.write(`v2: ${error instanceof Refusal ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
