/** Debian images for tests, built once and kept as archives until the code that makes them changes. */
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageRig } from "./images.ts";

const KEEP = join(tmpdir(), "warren-test-images");
const SOURCES = [
  "src/plan/recipe.ts",
  "src/plan/tweak.ts",
  "src/host/mmdebstrap/*.ts",
  "src/host/image/*.ts",
];

function age(): string {
  const hash = new Bun.CryptoHasher("sha256");
  const cwd = join(import.meta.dir, "../..");
  const files = SOURCES.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd })]).sort();
  for (const file of files) hash.update(readFileSync(join(cwd, file)));
  return hash.digest("hex").slice(0, 12);
}

/** The archive of an image, `debian/12` with its `init`; takes the time of a build where there is none yet. */
export async function guestImage(recipe: string, init: string): Promise<string> {
  const file = join(KEEP, `${recipe.replace("/", "-")}-${init}-${age()}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(KEEP, { recursive: true, mode: 0o700 });
  using rig = imageRig();
  const { digest } = await rig.result(rig.images.build({ recipe, init }), 600_000);
  const whole = await rig.images.export(digest, "none", new AbortController().signal);
  await Bun.write(`${file}.${process.pid}`, new Response(whole));
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
