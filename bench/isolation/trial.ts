/** One manager's containers under every attack, one after the other. */
import { Absent, type Contender, type Inside } from "../contender.ts";
import { ATTACKS, type Attack, type Reserve } from "./attacks.ts";
import { ask, type Load, sink, start } from "./clients.ts";
import { isWell, logLine, standsApart, startOf } from "./host.ts";
import { refusals } from "./refusals.ts";

/** What an attack says of itself at its end. */
export interface Account {
  got: number;
  refused: number;
  held: number;
  /** Times that the kernel killed one of its processes. */
  killed: number;
  /** The kernel's last reason, by its name in errno(3). */
  why: string;
}

export interface Trial {
  attack: string;
  /** The victim without the attack, before and after it. */
  alone: Load[];
  beside: Load;
  /** `null` when it couldn't say: ended by the kernel, or not begun. */
  account: Account | null;
  /** What Warren's counters say of the attacker. */
  refusals: string[];
  /** Lines written to the kernel's log meanwhile; `null` where it can't be read. */
  logged: number | null;
  survived: boolean;
}

export interface Terms {
  /** Seconds that the clients ask. */
  seconds: number;
  reserve: Reserve;
  only: readonly string[];
  /** The program, on the host. */
  program: string;
}

/** Seconds in which an attack gets going. */
const RAMP = 2;
/** Milliseconds in which the host finishes what an attack left to do. */
const SETTLE = 1500;

/** Puts a victim beside one attacker after the other. The contender is open. */
export async function trials(
  contender: Contender,
  terms: Terms,
  say: (line: string) => void,
): Promise<Trial[]> {
  const { inside } = contender;
  if (!inside) return [];
  await contender.launch("victim");
  await start(inside, "victim");
  const init = inside.init("victim");
  const began = startOf(init);
  if (!standsApart(init))
    throw new Absent(
      "on this host it starts containers in the control group of its own daemon, and whatever attacks there attacks everything in it",
    );
  const clients = (): Promise<Load> => ask(inside, terms.program, terms.seconds);
  const drop = sink(inside);
  const done: Trial[] = [];
  try {
    await clients();
    let before = await clients();
    for (const attack of ATTACKS.filter(({ name }) => terms.only.length === 0 || terms.only.includes(name))) {
      const line = logLine();
      const { beside, account, counted } = await besides(contender, inside, attack, terms, clients);
      const survived = isWell(init, began);
      const now = logLine();
      await Bun.sleep(SETTLE);
      const after = await clients();
      const logged = line === null || now === null ? null : now - line;
      const alone = [before, after];
      done.push({ attack: attack.name, alone, beside, account, refusals: counted, logged, survived });
      say(
        `${contender.name}, ${attack.name}: ${(beside.rate / ((before.rate + after.rate) / 2)).toFixed(2)} of ${before.rate.toFixed(0)}/s, 95th ${before.p95} -> ${beside.p95} us ${JSON.stringify(account)} ${counted} ${JSON.stringify(beside.failed)}`,
      );
      before = after;
    }
  } finally {
    drop();
    await contender.remove("victim");
  }
  return done;
}

/** The victim's clients while a fresh container attacks. */
async function besides(
  contender: Contender,
  inside: Inside,
  attack: Attack,
  terms: Terms,
  clients: () => Promise<Load>,
): Promise<{ beside: Load; account: Account | null; counted: string[] }> {
  const name = `attacker-${attack.name}`;
  await contender.launch(name);
  try {
    inside.address(name);
    const { ramp = RAMP } = attack;
    const seconds = ramp + terms.seconds + 1;
    const most = String(Math.floor(attack.most(terms.reserve)));
    const { argv, env } = inside.run(name, [
      "/usr/bin/neighbour",
      "attack",
      attack.name,
      String(seconds),
      most,
      "/root",
    ]);
    const running = Bun.spawn(argv, {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", ...env },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: (seconds + 60) * 1000,
      killSignal: "SIGKILL",
    });
    await Bun.sleep(ramp * 1000);
    const beside = await clients();
    const said = await new Response(running.stdout).text();
    return { beside, account: parse(said), counted: refusals(contender, name) };
  } finally {
    await contender.remove(name);
  }
}

function parse(said: string): Account | null {
  try {
    return JSON.parse(said);
  } catch {
    return null;
  }
}
