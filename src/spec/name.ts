import { WarrenError } from "./errors.ts";

/** A container's name is a host name label: RFC 1123, at most 63 letters, digits and hyphens, lower case. */
const CONTAINER = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Checks a container's name; throws BAD_NAME. */
export function containerName(text: string): string {
  if (CONTAINER.test(text)) return text;
  throw new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" is not a container name`,
    "use 1 to 63 lower-case letters, digits and hyphens, a letter first, no hyphen last",
  );
}

/** An image alias: path-like, `debian/13`, `team/web:2`. */
const ALIAS = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,4}(:[a-z0-9][a-z0-9._-]*)?$/;

/**
 * A reference to where an image was fetched from, `docker:localhost:5000/team/web:2.1`, `lxc:debian/12/cloud`: a word, then a
 * path whose first part may have a port, a tag and a digest (distribution/reference).
 */
const FETCHED =
  /^[a-z][a-z0-9-]*:[a-zA-Z0-9][\w.-]*(:\d{1,5}(?=\/))?(\/[a-zA-Z0-9][\w.-]*)*(:\w[\w.-]*)?(@sha256:[0-9a-f]{64})?$/;

/** Checks an image alias; throws BAD_NAME. */
export function imageAlias(text: string): string {
  if (text.length <= 128 && ALIAS.test(text)) return text;
  if (text.length <= 255 && FETCHED.test(text)) return text;
  throw new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" is not an image alias`,
    "use lower-case letters, digits, '.', '_' and '-', parts divided by '/', like debian/13",
  );
}

/** What a person may safely see of untrusted text: one line, no control characters, at most 80 characters. */
export function printable(text: string): string {
  const clean = text.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 77)}...` : clean;
}
