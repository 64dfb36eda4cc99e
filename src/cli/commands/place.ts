import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";
import { at, type Client } from "../client.ts";

/** A path in a container. */
export interface Place {
  name: string;
  path: string;
  /** The API's address of its files. */
  route: string;
}

/** Reads `NAME/PATH`: a container's name has no slash, so the first one begins the path. Throws USAGE. */
export function place(text: string): Place {
  const cut = text.indexOf("/");
  if (cut < 1)
    throw new WarrenError(
      "USAGE",
      `"${printable(text)}" is not a file in a container`,
      "write it as NAME/PATH, web/etc/hosts",
    );
  const name = text.slice(0, cut);
  return { name, path: text.slice(cut), route: `/v1/containers${at(name)}/files` };
}

export const placeArgument = { complete: "container", help: "NAME/PATH, like web/etc/hosts" } as const;

/** Last part of a path; throws USAGE when it names no file. */
export function baseName(path: string): string {
  const last = path.split("/").filter(Boolean).at(-1);
  if (last === undefined || last === "." || last === "..")
    throw new WarrenError("USAGE", `"${printable(path)}" does not end with a file's name`, "name the file");
  return last;
}

/** Mode of a regular file from the API's header, without set-id and sticky bits; 0644 when it says none. */
export function modeOf(headers: Headers): number {
  const text = headers.get("x-warren-mode") ?? "";
  return /^0?[0-7]{3,6}$/.test(text) ? Number.parseInt(text, 8) & 0o777 : 0o644;
}

/** Most symbolic links followed, as the kernel counts. */
const MOST_LINKS = 40;

/** What is at a place, behind symbolic links; `path` is where it was found. Throws REFUSED for a circle of links. */
export async function open(
  client: Client,
  { route, path }: Place,
): Promise<{ answer: Response; path: string }> {
  let now = path;
  for (let left = MOST_LINKS; left > 0; left--) {
    const answer = await client.send("GET", route, { query: { path: now } });
    if (answer.headers.get("x-warren-type") !== "symlink") return { answer, path: now };
    const target = await answer.text();
    // The guest's root is the root of every path, and the daemon leaves none of them get out of it.
    now = target.startsWith("/")
      ? target
      : `${now.slice(0, now.replace(/\/+$/, "").lastIndexOf("/") + 1)}${target}`;
  }
  throw new WarrenError(
    "REFUSED",
    `${path} leads to ${MOST_LINKS} symbolic links and more`,
    "name the file itself",
  );
}
