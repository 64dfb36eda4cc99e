/** Where images come from that are made elsewhere. Pure. */
import { WarrenError } from "../spec/errors.ts";
import { imageAlias, printable } from "../spec/name.ts";

/** An image to be fetched, and the alias it gets. */
export type Pulled =
  /** From an OCI registry; `reference` is as people write it, `registry` its host. */
  | { kind: "registry"; alias: string; reference: string; registry: string }
  /** From a simplestreams server of the configuration, by the server's own alias. */
  | { kind: "server"; alias: string; server: string; product: string };

/** The prefix of references to registries; a server of the configuration can't have this name. */
export const REGISTRY = "docker";

/**
 * What `text` means as something to fetch: `docker:REF`, or `NAME:ALIAS` with the name of a server; `undefined` when it
 * begins with neither. Throws BAD_NAME for what no registry or server could know.
 */
export function pulledImage(text: string, servers: readonly string[]): Pulled | undefined {
  const at = text.indexOf(":");
  const [prefix, rest] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 0 || (prefix !== REGISTRY && !servers.includes(prefix))) return undefined;
  const alias = imageAlias(text);
  if (prefix !== REGISTRY) return { kind: "server", alias, server: prefix, product: rest };
  if (/[A-Z]/.test(rest.replace(/:[^/]*$/, "").replace(/^[^/]*[.:][^/]*\//, "")))
    throw new WarrenError(
      "BAD_NAME",
      `"${printable(rest)}" is not the name of a registry's image`,
      "write it in lower-case letters, like docker:alpine:3.20",
    );
  return { kind: "registry", alias, reference: rest, registry: registryOf(rest) };
}

/** Where names without a host are looked up (distribution/reference, "familiar names"). */
const DEFAULT_REGISTRY = "docker.io";

/** The host of a reference: its first part when that looks like one. */
export function registryOf(reference: string): string {
  const [first = "", ...more] = reference.split("/");
  return more.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DEFAULT_REGISTRY;
}

/** The error for something that begins with no known place. */
export const noSource = (text: string, servers: readonly string[]): WarrenError =>
  new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" does not say where from`,
    `write ${[REGISTRY, ...servers].map((name) => `${name}:NAME`).join(" or ")}`,
  );
