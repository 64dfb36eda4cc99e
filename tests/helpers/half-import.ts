/** Begins an import below the directory given, says so once tar is at work, and hangs: something to kill. */
import { archive, SYSTEM } from "./archive.ts";
import { imageRig } from "./images.ts";

// More than the 10 KiB that tar reads before it does anything.
const half = archive([...SYSTEM, { name: "etc/f", data: "x".repeat(100_000) }]).slice(0, 50_000);
const rig = imageRig(process.argv[2]);
rig.images.import({
  alias: "mine",
  body: new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(half),
    pull: () => new Promise(() => undefined),
  }),
});
const { Glob } = Bun;
while ([...new Glob("images/tmp/*/unpacked/etc").scanSync({ cwd: rig.state, onlyFiles: false })].length === 0)
  await Bun.sleep(5);
console.log("begun");
