import { readdirSync, statSync } from "node:fs";
import { asWarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";
import { goArchitecture, registryFailure } from "./text.ts";

export interface RegistryOptions {
  /** As people write it: `alpine:3.20`, `localhost:5000/team/web`. */
  reference: string;
  /** The registry's host, for messages. */
  registry: string;
  /** Where the layout goes, a directory that does not exist. */
  into: string;
  /** Whether the registry may do without a certificate, or without TLS. */
  insecure: boolean;
  signal: AbortSignal;
  /** Called with the bytes that have come so far. */
  progress(bytes: number): void;
  /** Proxies and the like, which skopeo takes from its environment. */
  env: Readonly<Record<string, string>>;
}

/** An hour: a slow line is no fault, a registry that hangs is. */
const LONGEST = 3_600_000;
const LOOK_EVERY = 200;

/**
 * Fetches the image for this host's architecture into an OCI layout (skopeo-copy(1), 1.9 or later). It ends with the
 * daemon. Throws NO_IMAGE, DENIED, REFUSED, UNSUPPORTED, FAILED, TIMEOUT, CANCELLED.
 */
export async function fetchImage(options: RegistryOptions): Promise<void> {
  const { reference, registry, into, insecure, signal, env } = options;
  const look = setInterval(() => options.progress(bytesIn(into)), LOOK_EVERY);
  try {
    await run(
      [
        ...["setpriv", "--pdeathsig=KILL", "skopeo"],
        ...["--override-os=linux", `--override-arch=${goArchitecture(process.arch)}`],
        ...["copy", "--quiet", "--retry-times=3", ...(insecure ? ["--src-tls-verify=false"] : [])],
        ...["--", `docker://${reference}`, `oci:${into}:image`],
      ],
      // HOME is where the login that root made is found.
      { timeout: LONGEST, signal, env: { HOME: "/root", ...env } },
    );
  } catch (thrown) {
    const error = asWarrenError(thrown);
    const stderr = error.details?.stderr;
    if (error.code !== "FAILED" || typeof stderr !== "string") throw error;
    throw registryFailure(stderr, reference, registry);
  } finally {
    clearInterval(look);
  }
}

/** Bytes of the blobs of a layout, finished and under way. */
function bytesIn(layout: string): number {
  let bytes = 0;
  for (const directory of [layout, `${layout}/blobs/sha256`])
    try {
      for (const name of readdirSync(directory))
        bytes += statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      // Not yet there.
    }
  return bytes;
}
