/** Most bytes that leave at once: two milliseconds of the rate, and at least a few full packets. */
const burst = (rate: number): number => Math.max(32_768, Math.round(rate / 8 / 500));

/** Bytes that wait for their turn before more are dropped: what leaves in 100 milliseconds, and some packets. */
const queue = (rate: number): number => burst(rate) + Math.round(rate / 80);

/** Lines for tc(8) that let at most `rate` bits/s leave by a device (tc-tbf(8)); `null` lets everything. */
export const shapeLine = (device: string, rate: number | null): string =>
  rate === null
    ? `qdisc replace dev ${device} root noqueue`
    : `qdisc replace dev ${device} root tbf rate ${rate}bit burst ${burst(rate)}b limit ${queue(rate)}b`;

/** Lines for tc(8) that lead what comes in by `link` through `through` (tc-mirred(8)), which may do it late. */
export const leadLines = (link: string, through: string): string[] => [
  `qdisc replace dev ${link} ingress`,
  `filter replace dev ${link} ingress protocol all prio 1 handle 800::1 u32 match u32 0 0 action mirred egress redirect dev ${through}`,
];

/** Takes away what `leadLines` made. */
export const unleadLine = (link: string): string => `qdisc delete dev ${link} ingress`;

/** What is done to a link's two ways. */
export interface Shapes {
  /** Towards the guest. */
  out: Shape;
  /** From the guest. */
  in: Shape;
  /** Whether what comes from the guest is led elsewhere. */
  leads: boolean;
}

/** One way of a link. */
export interface Shape {
  /** Bits/s; `null` where nothing limits. */
  rate: number | null;
  /** Packets that were dropped since, for too many waited. */
  drops: number;
}

interface QdiscRow {
  kind?: string;
  root?: boolean;
  options?: { rate?: number };
  drops?: number;
}

const shapeOf = (rows: readonly QdiscRow[]): Shape => {
  const root = rows.find((row) => row.root && row.kind === "tbf");
  return {
    rate: root?.options?.rate === undefined ? null : root.options.rate * 8,
    drops: root?.drops ?? 0,
  };
};

/** Asks for what is done to devices. */
export const showLines = (devices: readonly string[]): string[] =>
  devices.map((device) => `qdisc show dev ${device}`);

/**
 * Reads what `tc -s -j` prints for a link, and for the device that its other way leads through where there is one.
 * Without anything that leads there the device does nothing.
 */
export function shapesOf(json: string): Shapes {
  const [link = [], ifb = []] = json
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as QdiscRow[]);
  const leads = link.some(({ kind }) => kind === "ingress");
  return { out: shapeOf(link), in: shapeOf(leads ? ifb : []), leads };
}

/** Lines of a batch that failed, counted from 1, as tc(8) and ip(8) tell with -force. */
export const failedLines = (stderr: string): number[] =>
  [...stderr.matchAll(/^Command failed \S*:(\d+)$/gm)].map(([, line]) => Number(line));
