/** The victim and those who ask it. */
import { command, PATH } from "../command.ts";
import type { Inside } from "../contender.ts";

/** What the clients saw. */
export interface Load {
  /** Requests a second that were answered in full. */
  rate: number;
  /** Microseconds. */
  p50: number;
  p95: number;
  p99: number;
  max: number;
  /** Requests that were not, by what was wanting. */
  failed: Record<string, number>;
}

const PORT = 8080;
/** 32 clients with 40 ms between an answer and the next request: the victim needs a third of a CPU, less than its share. */
export const CLIENTS = 32;
export const PAUSE = 40_000;

/** Runs a program in a container to its end. */
function within(inside: Inside, name: string, argv: readonly string[]): void {
  const { argv: whole, env } = inside.run(name, argv);
  command(whole, "/dev/null", env);
}

/** Starts the server; it answers when this returns. */
export async function start(inside: Inside, name: string): Promise<void> {
  within(inside, name, ["/usr/bin/neighbour", "serve", String(PORT), "/root"]);
  inside.address(name);
}

/** Lets the clients ask for some seconds. */
export async function ask(inside: Inside, program: string, seconds: number): Promise<Load> {
  const argv = [program, "load", inside.address("victim"), PORT, CLIENTS, PAUSE, seconds].map(String);
  const child = Bun.spawn([...inside.enter(), ...argv], {
    env: { PATH },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: (seconds + 30) * 1000,
    killSignal: "SIGKILL",
  });
  const said = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the clients ended with ${child.exitCode}`);
  const { served, seconds: took, ...rest } = JSON.parse(said);
  return { rate: served / took, ...rest };
}

/** Where datagrams of the conntrack flood end: a link of its own beside the containers' that drops them. */
export function sink(inside: Inside): () => void {
  const ip = (line: string): void =>
    command([...inside.enter(), "/usr/sbin/ip", ...line.split(" ")], "/dev/null");
  // An ifb drops what wasn't redirected to it, and asks nobody for addresses.
  ip("link add name wbench-sink type ifb");
  ip("link set wbench-sink up");
  ip("route replace 198.19.0.0/16 dev wbench-sink");
  return () => ip("link delete wbench-sink");
}
