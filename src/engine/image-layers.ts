import { chmod, mkdir } from "node:fs/promises";
import { applyLayer, completeTree, type Layout, linkAcross } from "../host/oci/index.ts";
import { extract } from "../host/tar/index.ts";
import { readAppConfig } from "../plan/app.ts";
import type { AppConfig } from "../spec/app.ts";
import { spaceAt } from "./image-space.ts";
import type { Work } from "./operation.ts";

/**
 * Puts the layers of an image together in `root`, an empty directory; `scratch` is an empty one on the same file system.
 * Each is unpacked by the confined tar into a directory of its own and then laid over what is there. `verified` says
 * that the layers' content is known to be what the manifest names.
 */
export async function flatten(
  layout: Layout,
  { root, scratch }: { root: string; scratch: string },
  verified: boolean,
  work: Pick<Work, "signal" | "progress">,
): Promise<{ app: AppConfig; architecture: string }> {
  const configured = readAppConfig(layout.config);
  const { signal } = work;
  const count = layout.layers.length;
  for (const [i, layer] of layout.layers.entries()) {
    const step = `layer ${i + 1} of ${count}`;
    if (!verified) {
      work.progress(`checking ${step}`);
      await layer.verify(signal);
    }
    const into = `${scratch}/layer-${i}`;
    const away = `${scratch}/away-${i}`;
    await mkdir(into);
    await chmod(into, 0o755);
    await mkdir(away);
    const began = Date.now();
    const { links } = await extract(layer.read(), {
      into,
      at: `${scratch}/shifted`,
      ...spaceAt(scratch),
      signal,
      layer: i > 0,
      progress: (bytes) => work.progress(`unpacking ${step}`, bytes, layer.size, "bytes"),
    });
    await applyLayer(into, root, { began, away, signal });
    linkAcross(root, links);
  }
  completeTree(root);
  return configured;
}
