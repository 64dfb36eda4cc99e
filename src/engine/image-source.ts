import { mkdir } from "node:fs/promises";
import { applyTweaks, buildBusybox } from "../host/image/index.ts";
import { build, hostMirrors } from "../host/mmdebstrap/index.ts";
import { DISTRIBUTIONS, mmdebstrapArguments, type Wanted } from "../plan/recipe.ts";
import { tweaks } from "../plan/tweak.ts";
import type { AppConfig } from "../spec/app.ts";
import type { Work } from "./operation.ts";

type Doing = Pick<Work, "signal" | "progress">;

/** A tree that is to become an image. */
export interface Made {
  root: string;
  description: string;
  source: string;
  /** For images of one application, with the architecture their configuration names. */
  app?: AppConfig;
  architecture?: string;
  warnings?: string[];
}

/** Makes the tree of `wanted` in `root`, an empty directory; `scratch` is a path for temporary files. */
export async function makeTree(
  wanted: Wanted,
  at: { root: string; scratch: string },
  work: Doing,
): Promise<Made> {
  return wanted.kind === "busybox" ? busybox(at.root, work) : distribution(wanted, at, work);
}

async function busybox(root: string, work: Doing): Promise<Made> {
  work.progress("making busybox", 0, 100, "percent");
  const { version } = await buildBusybox(root);
  return { root, description: `BusyBox ${version}`, source: "built-in:busybox" };
}

async function distribution(
  wanted: Extract<Wanted, { kind: "recipe" }>,
  { root, scratch }: { root: string; scratch: string },
  work: Doing,
): Promise<Made> {
  const { recipe, init, name } = wanted;
  const mirrors = hostMirrors(DISTRIBUTIONS[recipe.distribution].suites);
  work.progress("starting", 0, 100, "percent");
  await mkdir(scratch, { mode: 0o755 });
  await build({
    arguments: mmdebstrapArguments(wanted, mirrors, root),
    scratch,
    signal: work.signal,
    progress: ({ step, percent }) => work.progress(step, percent, 100, "percent"),
  });
  await applyTweaks(root, tweaks(recipe, init, mirrors));
  return {
    root,
    description: `${recipe.title} (${init})`,
    source: `recipe:${name}${init === "systemd" ? "" : `/${init}`}`,
  };
}
