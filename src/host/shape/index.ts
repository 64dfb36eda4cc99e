/**
 * Rates of network links, kept on the host's side of them, out of the guests' reach.
 *
 * What a guest receives leaves by its link and waits there (a token bucket, tc-tbf(8)). What it sends comes in by the
 * link, where nothing can wait: it is led through a device of its own (an IFB) and waits on leaving that. Waiting, not
 * dropping, is what makes TCP come near the rate.
 *
 * What must never happen here: a device touched that the caller didn't name.
 */
import { existsSync } from "node:fs";
import { run } from "../exec/index.ts";
import { failedLines, leadLines, type Shapes, shapeLine, shapesOf, showLines, unleadLine } from "./text.ts";

export { leadLines, type Shapes, shapeLine } from "./text.ts";

const batch = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** The device through which is led what comes in by a link. */
export const ifbOf = (link: string): string => `${link}i`;

const isThere = (device: string): boolean => existsSync(`/sys/class/net/${device}`);

/** Carries out lines of tc(8) and reads what is done to a link then. */
async function tc(link: string, lines: readonly string[]): Promise<Shapes> {
  const show = showLines([link, ifbOf(link)].filter(isThere));
  const { stdout } = await run(["tc", "-s", "-j", "-batch", "-"], { input: batch([...lines, ...show]) });
  return shapesOf(stdout);
}

/** What the kernel does to a link; `null` when there is none. */
export async function readShapes(link: string): Promise<Shapes | null> {
  if (!isThere(link)) return null;
  return tc(link, []).catch((error) => {
    // It may have gone just now.
    if (isThere(link)) throw error;
    return null;
  });
}

/** Lets at most `rate` bits/s leave by a link, towards the guest. */
export const shapeOut = (link: string, rate: number | null): Promise<Shapes> =>
  tc(link, [shapeLine(link, rate)]);

/** Lets at most `rate` bits/s in by a link, from the guest. */
export async function shapeIn(link: string, rate: number | null): Promise<Shapes> {
  if (rate !== null) {
    await makeIfb(link);
    // The rate comes first: nothing gets through the device while none is in force.
    return tc(link, [shapeLine(ifbOf(link), rate), ...leadLines(link, ifbOf(link))]);
  }
  // First what leads to the device, for packets led to one that is gone are dropped.
  if ((await tc(link, [])).leads) await tc(link, [unleadLine(link)]);
  await removeIfb(link);
  return tc(link, []);
}

/** Makes the device through which is led what comes in by a link; one that is there is no error. */
export async function makeIfb(link: string): Promise<void> {
  const device = ifbOf(link);
  if (isThere(device)) return;
  await run(["ip", "-batch", "-"], {
    input: batch([`link add name ${device} type ifb`, `link set dev ${device} up`]),
  });
}

/** Takes that device away; none is no error. */
export async function removeIfb(link: string): Promise<void> {
  const device = ifbOf(link);
  if (isThere(device)) await run(["ip", "link", "delete", "dev", device], { ok: [0, 1] });
}

/** Parts of the kernel, each with the line that needs it. */
const PARTS = (device: string): [string, string][] => [
  ["sch_tbf", shapeLine(device, 1_000_000)],
  ["sch_ingress", leadLines(device, device)[0]!],
  ["cls_u32 or act_mirred", leadLines(device, device)[1]!],
];

/** Why this kernel can't limit rates, or `null`; tries it on a device `name` of its own, which is gone afterwards. */
export async function shapingMissing(name: string): Promise<string | null> {
  const made = await run(["ip", "link", "add", "name", name, "type", "ifb"], { ok: [0, 1, 2] });
  if (made.code !== 0 && !isThere(name)) return "the kernel has no ifb";
  try {
    const parts = PARTS(name);
    const input = batch(parts.map(([, line]) => line));
    const tried = await run(["tc", "-force", "-batch", "-"], { input, ok: [0, 1, 2] });
    const missing = failedLines(tried.stderr).map((line) => parts[line - 1]?.[0]);
    return missing.length === 0 ? null : `the kernel has no ${missing.join(", ")}`;
  } finally {
    await run(["ip", "link", "delete", "dev", name], { ok: [0, 1] });
  }
}
