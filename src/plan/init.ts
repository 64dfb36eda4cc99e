import type { AppConfig } from "../spec/app.ts";
import type { InitKind } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";

/** How a container of an image begins. */
export interface Beginning {
  kind: InitKind;
  command: string[];
  architecture: string;
  app?: AppConfig;
}

/** Programs that are a whole system's init when an application image names one as its program. */
const INITS = /^\/(?:usr\/)?(?:sbin\/init|(?:usr\/)?lib\/systemd\/systemd)$/;

/**
 * What an image begins with: the init `found` in its tree, or, when it came with a configuration, its program. One whose
 * program is an init is a system all the same. Throws BAD_VALUE when there is neither.
 */
export function initOf(
  found: Beginning | undefined,
  { app, architecture = "unknown" }: { app?: AppConfig; architecture?: string },
): Beginning {
  const isSystem = app && INITS.test([...app.entrypoint, ...app.command][0] ?? "");
  if (app && !(isSystem && found)) return { kind: "app", command: [], architecture, app };
  if (found) return found;
  throw new WarrenError(
    "BAD_VALUE",
    "the image has no init",
    "a system container needs one: /sbin/init in the tree",
  );
}

/** Throws UNSUPPORTED for programs this host's processor can't run. */
export function requireRunnable(architecture: string): void {
  const host = process.arch === "arm64" ? ["arm64", "armhf"] : ["amd64", "i386"];
  if (host.includes(architecture) || architecture === "unknown") return;
  throw new WarrenError(
    "UNSUPPORTED",
    `the image is for ${architecture}, this host is ${host[0]}`,
    `get it for ${host[0]}`,
  );
}
