/**
 * The modern host: a Debian with cgroup v2, systemd and AppArmor in a virtual machine of its own.
 *
 *   npm run v2 -- build [--fresh]     make the image if there is none for this recipe
 *   npm run v2 -- boot                boot it and leave it running
 *   npm run v2 -- run CMD...          run CMD in a copy of the clone there; boots and stops it unless it runs already
 *   npm run v2 -- shell               a shell there, likewise
 *   npm run v2 -- status | stop       stop ends it whoever uses it
 *   npm run v2 -- test [--record] [--timeout=SECONDS] [--json=FILE] [--core | FILE...]
 *                                     the kernel and e2e suites there (npm run test:v2) and then the package, or their
 *                                     core, or files by name
 *   npm run v2 -- package [--record]  installs, upgrades, reboots and removes the package there
 */
import { ensureMachine } from "./v2/boot.mjs";
import { command, pushClone, shell } from "./v2/guest.mjs";
import { ensureImage } from "./v2/image.mjs";
import { alone } from "./v2/lock.mjs";
import { running, stop } from "./v2/machine.mjs";
import { packageTest } from "./v2/package.mjs";
import { machinePlaces } from "./v2/places.mjs";
import { asked, suites } from "./v2/suites.mjs";
import { Refusal, say } from "./v2/tool.mjs";

const COMMANDS = {
  async build(words) {
    const image = await alone(() => ensureImage({ fresh: words.includes("--fresh") }));
    say(`image ${image.directory}`);
    return 0;
  },
  async boot() {
    await alone(() => ensureMachine({ kept: true }));
    return await status();
  },
  async shell() {
    const machine = await alone(prepare);
    try {
      // Others may run something while a shell is open; a machine booted for the shell ends after both.
      return await shell(machine);
    } finally {
      if (isMine()) await alone(stop);
    }
  },
  async run(words) {
    if (words.length === 0) throw new Refusal("run what? npm run v2 -- run uname -a");
    return await during((machine) => command(machine, words));
  },
  async test(words) {
    const plan = asked(words);
    return await during(async (machine) => {
      const code = await suites(machine, plan);
      return plan.everything ? Math.max(code, await packageTest(machine, { record: plan.record })) : code;
    });
  },
  async package(words) {
    const unknown = words.find((word) => word !== "--record");
    if (unknown) throw new Refusal(`unknown option ${unknown}; there is --record`);
    return await during((machine) => packageTest(machine, { record: words.includes("--record") }));
  },
  async status() {
    return await status();
  },
  async stop() {
    say((await stop()) ? "stopped" : "nothing was running");
    return 0;
  },
};

/** The machine, with the clone as it is now in it. */
async function prepare() {
  const { machine } = await ensureMachine();
  await pushClone(machine);
  return machine;
}

/** True when this very process booted the machine, which then ends with it. */
function isMine() {
  return running()?.owner?.pid === process.pid;
}

/** Does `work` in the machine; nobody else runs anything there meanwhile. */
async function during(work) {
  return await alone(async () => {
    try {
      return await work(await prepare());
    } finally {
      // Told to end, we hold the lock until the machine is gone: who waits for it must not find half of one.
      if (ending) await ending;
      else if (isMine()) await stop();
    }
  });
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
/** The end we were told to come to, once we were. */
let ending;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    ending ??= (isMine() ? stop() : Promise.resolve()).finally(() => process.exit(130));
  });
}
try {
  process.exitCode = await act(words);
} catch (error) {
  process.stderr.write(`v2: ${error instanceof Refusal ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
