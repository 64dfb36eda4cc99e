import type { Connections } from "../host/nft/connections.ts";
import { trackedAddress } from "../host/nft/connections-text.ts";
import { trackedFrom } from "../host/nft/tracked.ts";
import {
  ifbOf,
  leadLines,
  makeIfb,
  readShapes,
  removeIfb,
  type Shapes,
  shapeIn,
  shapeLine,
  shapeOut,
} from "../host/shape/index.ts";
import { COMMON_CONNECTIONS } from "../spec/levels/network.ts";
import type { LevelDoor } from "./level-door.ts";

/** Milliseconds for which one look serves; of connections, that of all containers. */
const FRESH = 500;

const amount = (text: string | undefined): number | null =>
  text === undefined || text === "unlimited" ? null : Number(text);
const show = (value: number | null): string => (value === null ? "unlimited" : String(value));

/**
 * Rates of a container's link, as the container sees them: what it sends (`egress`), what it receives (`ingress`), and
 * the packets dropped for it (`egress.fail`, `ingress.fail`). `missing` tells why the kernel can't.
 */
export function openRates(missing: string | null): LevelDoor {
  const seen = new Map<string, { shapes: Shapes; at: number }>();
  const keep = (link: string, shapes: Shapes | null): void => {
    if (shapes) seen.set(link, { shapes, at: performance.now() });
    else seen.delete(link);
  };
  return {
    missing: () => missing,
    async look({ link }) {
      // A change has just been read back.
      if (performance.now() - (seen.get(link)?.at ?? Number.NEGATIVE_INFINITY) > FRESH)
        keep(link, await readShapes(link));
    },
    read({ link }, file) {
      const now = seen.get(link)?.shapes;
      if (!now) return null;
      const { rate, drops } = file.startsWith("egress") ? now.in : now.out;
      return file.endsWith(".fail") ? String(drops) : show(rate);
    },
    async write({ link }, file, text) {
      const shape = file === "egress" ? shapeIn : shapeOut;
      seen.delete(link);
      keep(link, await shape(link, amount(text)));
    },
    async prepare({ link }, { egress }) {
      if (amount(egress) !== null) await makeIfb(link);
    },
    // The link is made anew at each start and each reboot, and has no limits then.
    hook({ link }, values, again) {
      const [egress, ingress] = [amount(values.egress), amount(values.ingress)];
      const lines = [
        ...(ingress === null ? [] : [shapeLine(link, ingress)]),
        ...(egress === null ? [] : [shapeLine(ifbOf(link), egress), ...leadLines(link, ifbOf(link))]),
      ].map((line) => `tc ${line}`);
      // The device may have gone when the limit was lifted for a while.
      const device = [
        `try /sbin/ip link add name ${ifbOf(link)} type ifb`,
        `run /sbin/ip link set dev ${ifbOf(link)} up`,
      ];
      return [...(again && egress !== null ? device : []), ...lines];
    },
    async release({ link }) {
      seen.delete(link);
      await removeIfb(link);
    },
  };
}

/** How many connections a container may begin (`begun`), what it has of them (`begun.held`), and refused ones (`begun.fail`). */
export function openConnectionLimits(connections: Connections): LevelDoor {
  let listed = Number.NEGATIVE_INFINITY;
  /** What was dropped on a link whose container is gone, until it is forgotten: the next one there has nothing to do with it. */
  const past = new Map<string, number>();
  let counted = { at: Number.NEGATIVE_INFINITY, from: null as Map<string, number> | null };
  const held = (addresses: readonly string[]): number | null => {
    if (performance.now() - counted.at > FRESH) counted = { at: performance.now(), from: trackedFrom() };
    const { from } = counted;
    return from && addresses.reduce((sum, address) => sum + (from.get(trackedAddress(address)) ?? 0), 0);
  };
  /** `undefined` is the limit of all. */
  const own = (text: string | undefined): number | null | undefined =>
    text === undefined || text === String(COMMON_CONNECTIONS) ? undefined : amount(text);

  return {
    lasting: true,
    // The first change in a while starts an nft, 5 ms.
    slow: true,
    missing: () => connections.missing,
    async look(_, afresh) {
      if (!afresh || performance.now() - listed <= FRESH) return;
      await connections.list();
      listed = performance.now();
    },
    read({ link, addresses }, file) {
      const now = connections.now();
      if (file === "begun.held") {
        const count = held(addresses);
        return count === null ? null : String(count);
      }
      if (file === "begun.fail")
        return String(Math.max(0, (now.drops.get(link) ?? 0) - (past.get(link) ?? 0)));
      const most = now.own.get(link);
      return show(most === undefined ? COMMON_CONNECTIONS : most);
    },
    async write({ link }, _, text) {
      await connections.limit(link, own(text));
    },
    async prepare({ link }, { begun }) {
      if (own(begun) !== undefined) await connections.limit(link, own(begun));
    },
    hook({ link }, { begun }, again) {
      const words = again ? connections.words(link, own(begun)) : null;
      return words === null ? [] : [`run /usr/sbin/nft ${words}`];
    },
    release({ link }) {
      past.set(link, Number.POSITIVE_INFINITY);
      // Nobody waits for it: what it takes away does no harm while it is there.
      void connections.forget(link).then(
        () => past.delete(link),
        () => past.set(link, connections.now().drops.get(link) ?? 0),
      );
    },
  };
}
