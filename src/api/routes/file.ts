import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { FileStat } from "../../engine/index.ts";
import type { Deps } from "../answer.ts";
import { bytes, failure } from "../schemas/answer.ts";
import { pathQuery, readQuery, writeQuery } from "../schemas/file.ts";

const tags = ["files"];
const path = "/v1/containers/{name}/files";
const params = z.object({ name: z.string() });
const done = { 204: { description: "Done" }, ...failure };

const read = createRoute({
  method: "get",
  path,
  tags,
  description:
    "A file's bytes, a symbolic link's target, a directory's entries as JSON (FileStat), or with archive=tar the tree. " +
    "X-Warren-Type, -Mode (octal), -Uid and -Gid describe it.",
  request: { params, query: readQuery },
  responses: { 200: bytes("What is there"), ...failure },
});

const write = createRoute({
  method: "put",
  path,
  tags,
  request: {
    params,
    query: writeQuery,
    body: {
      required: true,
      content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
    },
  },
  responses: done,
});

const remove = createRoute({
  method: "delete",
  path,
  tags,
  request: { params, query: pathQuery },
  responses: done,
});

const describing = (stat: FileStat): Record<string, string> => ({
  "X-Warren-Type": stat.type,
  "X-Warren-Mode": stat.mode.toString(8).padStart(4, "0"),
  "X-Warren-Uid": String(stat.uid),
  "X-Warren-Gid": String(stat.gid),
});

const BINARY = { "Content-Type": "application/octet-stream" };

/** Files of a container, streamed both ways. */
export function fileRoutes(app: OpenAPIHono, { engine: { files } }: Deps): void {
  app.openapi(read, async (c): Promise<never> => {
    const { name } = c.req.valid("param");
    const { path, archive } = c.req.valid("query");
    const answer = async (): Promise<Response> => {
      if (archive) {
        const tar = await files.archive(name, path, c.req.raw.signal);
        return new Response(tar, { headers: { "Content-Type": "application/x-tar" } });
      }
      const stat = await files.stat(name, path);
      if (stat.type === "directory")
        return Response.json(await files.list(name, path), { headers: describing(stat) });
      if (stat.type === "symlink")
        return new Response(stat.target ?? "", { headers: { ...BINARY, ...describing(stat) } });
      const file = await files.read(name, path);
      return new Response(file.body, { headers: { ...BINARY, ...describing(file.stat) } });
    };
    return (await answer()) as never;
  });
  app.openapi(write, async (c) => {
    const { path, makeParents, ...owner } = c.req.valid("query");
    const content = c.req.raw.body ?? new Blob([]).stream();
    await files.write(c.req.valid("param").name, path, content, {
      ...owner,
      makeParents: makeParents ?? false,
    });
    return c.body(null, 204);
  });
  app.openapi(remove, async (c) => {
    await files.remove(c.req.valid("param").name, c.req.valid("query").path);
    return c.body(null, 204);
  });
}
