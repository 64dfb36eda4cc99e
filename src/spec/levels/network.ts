/** Rates of a container's link and the connections that the host tracks for it. */
import { bitRate, count } from "../codec.ts";
import type { LevelRow, LevelWay } from "../level.ts";
import { amount, bothDialects, figure } from "./figures.ts";

/** Connections of a container that nobody gave another limit: one rule of the host's serves all of them. */
export const COMMON_CONNECTIONS = 16_384;

const extent = (text: string): number | null => (text === "unlimited" ? null : Number(text));
const pick = ([text = ""]: readonly string[]): number | null => extent(text);

function rate(file: string): LevelWay {
  const text = (value: number | null): string =>
    // The kernel counts in bytes.
    value === null ? "unlimited" : String(Math.floor(value / 8) * 8);
  return {
    settings: [
      {
        controller: "rate",
        file,
        of: [`net.${file}`],
        text: (levels) => text(amount(levels, `net.${file}`)),
        extent,
      },
    ],
    limit: figure("rate", file, pick),
    fail: [figure("rate", `${file}.fail`)],
  };
}

const connections: LevelWay = {
  settings: [
    {
      controller: "connections",
      file: "begun",
      of: ["net.connections"],
      text: (levels) => String(amount(levels, "net.connections") ?? "unlimited"),
      extent,
    },
  ],
  limit: figure("connections", "begun", pick),
  held: figure("connections", "begun.held"),
  fail: [figure("connections", "begun.fail")],
};

/** Rows of the table. */
export const NETWORK_ROWS = [
  {
    key: "net.egress",
    group: "network",
    title: "Sending",
    help: "most bits a second the container sends; what is more waits, and is dropped when too much waits",
    codec: bitRate,
    default: "unlimited",
    range: { min: 8000, unlimited: true },
    live: true,
    enforcement: "kernel",
    ways: bothDialects(rate("egress")),
  },
  {
    key: "net.ingress",
    group: "network",
    title: "Receiving",
    help: "most bits a second the container receives; what is more waits, and is dropped when too much waits",
    codec: bitRate,
    default: "unlimited",
    range: { min: 8000, unlimited: true },
    live: true,
    enforcement: "kernel",
    ways: bothDialects(rate("ingress")),
  },
  {
    key: "net.connections",
    group: "network",
    title: "Connections",
    help: "most connections begun by the container that the host tracks at one time, UDP and ping too; the first packet of one more is dropped; a change counts connections that begin after it",
    codec: count,
    // The host's table holds 65 536 or 262 144 on most machines: no single container can fill it.
    default: String(COMMON_CONNECTIONS),
    fresh: COMMON_CONNECTIONS,
    range: { min: 1, max: 1_000_000, unlimited: true },
    live: true,
    enforcement: "kernel",
    ways: bothDialects(connections),
  },
] as const satisfies readonly LevelRow[];
