import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";

/** skopeo's name of an architecture, Go's. */
export const goArchitecture = (arch: string): string => (arch === "arm64" ? "arm64" : "amd64");

/** What skopeo complained of: the `msg` of its last fatal line, or that line. */
export function complaint(stderr: string): string {
  const line =
    stderr
      .trim()
      .split("\n")
      .findLast((l) => l.includes("level=fatal")) ??
    stderr.trim().split("\n").at(-1) ??
    "";
  const quoted = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return (quoted ?? line).replace(/\\(.)/g, "$1");
}

type Meaning = readonly [RegExp, (reference: string, registry: string, said: string) => WarrenError];

const MEANINGS: readonly Meaning[] = [
  [
    /manifest unknown|name unknown|not found|repository name not known/i,
    (reference) =>
      new WarrenError(
        "NO_IMAGE",
        `the registry has no image "${printable(reference)}"`,
        "check its name and tag",
      ),
  ],
  [
    /unauthorized|authentication required|access to the resource is denied|denied/i,
    (reference, registry) =>
      new WarrenError(
        "DENIED",
        `${registry} does not give out "${printable(reference)}" without a login`,
        `check the name, or log in as root: skopeo login ${registry}`,
      ),
  ],
  [
    /server gave HTTP response to HTTPS client|x509|certificate/i,
    (_, registry, said) =>
      new WarrenError(
        "REFUSED",
        `${registry} has no certificate that this host trusts: ${said}`,
        `install its certificate, or name it in config.json: {"registries": {"insecure": ["${registry}"]}}`,
      ),
  ],
  [
    /no image found in manifest list|no image found in image index/i,
    (reference, _, said) =>
      new WarrenError(
        "UNSUPPORTED",
        `"${printable(reference)}" is not for this host: ${said}`,
        "choose another image",
      ),
  ],
];

/** The error behind what skopeo said. */
export function registryFailure(stderr: string, reference: string, registry: string): WarrenError {
  const said = complaint(stderr);
  const short = printable(said.split(": ").slice(-2).join(": "));
  const meant = MEANINGS.find(([pattern]) => pattern.test(said))?.[1](reference, registry, short);
  if (meant) return meant;
  return new WarrenError(
    "FAILED",
    `"${printable(reference)}" could not be fetched: ${short}`,
    `see whether ${registry} can be reached from this host`,
    { stderr: stderr.slice(-4000) },
  );
}
