/** half-share DIR COUNT share|undo: shares, or takes back, what a rig's containers have alike; says so when it begins. */
import { survey } from "../../src/engine/share-look.ts";
import { shareOne, unshareOne } from "../../src/engine/share-move.ts";
import { shareRig } from "./share-rig.ts";

const [dir = "", count = "", verb = ""] = Bun.argv.slice(2);
const rig = shareRig(Number(count), dir);
const work = { signal: new AbortController().signal, progress: () => undefined };
const likes = await survey(rig.context);
const share = async (): Promise<void> => {
  for (const r of rig.records) await shareOne(rig.context, r, likes, work);
};
if (verb === "undo") await share();
process.stdout.write("begun\n");
if (verb === "share") await share();
else for (const r of rig.records) await unshareOne(rig.context, r, work);
