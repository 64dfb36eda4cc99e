import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { WarrenError } from "../../spec/errors.ts";
import { type Deps, given, operationAnswer } from "../answer.ts";
import { page } from "../page.ts";
import { body, bytes, failure, json, pageOf } from "../schemas/answer.ts";
import {
  aliasesRequest,
  buildRequest,
  checkRequest,
  imageSummary,
  measuredImage,
  pruneRequest,
  publishRequest,
  pullRequest,
} from "../schemas/image.ts";
import { paging, waiting } from "../schemas/query.ts";
import { watched } from "../stream.ts";
import { worked } from "./container.ts";

const tags = ["images"];
const path = "/v1/images/{ref}";
const params = z.object({ ref: z.string().describe("Alias, digest, or 12 hex digits of it or more") });

const list = createRoute({
  method: "get",
  path: "/v1/images",
  tags,
  request: { query: paging },
  responses: { 200: json(pageOf(measuredImage), "The images by alias"), ...failure },
});

const build = createRoute({
  method: "post",
  path: "/v1/images",
  tags,
  request: { query: waiting, body: body(buildRequest) },
  responses: worked,
});

const pull = createRoute({
  method: "post",
  path: "/v1/images/pull",
  tags,
  request: { query: waiting, body: body(pullRequest) },
  responses: worked,
});

const bring = createRoute({
  method: "post",
  path: "/v1/images/import",
  tags,
  request: {
    query: waiting.extend({ alias: z.string().optional() }),
    body: {
      required: true,
      content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
    },
  },
  responses: worked,
});

const publish = createRoute({
  method: "post",
  path: "/v1/images/publish",
  tags,
  request: { query: waiting, body: body(publishRequest) },
  responses: worked,
});

const info = createRoute({
  method: "get",
  path,
  tags,
  request: { params },
  responses: { 200: json(measuredImage, "The image"), ...failure },
});

const take = createRoute({
  method: "get",
  path: `${path}/export`,
  tags,
  request: {
    params,
    query: z.object({ compression: z.enum(["zstd", "gz", "xz", "none"]).default("zstd") }),
  },
  responses: { 200: bytes("A unified tarball"), ...failure },
});

const name = createRoute({
  method: "patch",
  path,
  tags,
  request: { params, body: body(aliasesRequest) },
  responses: { 200: json(imageSummary, "The image with its new aliases"), ...failure },
});

const remove = createRoute({
  method: "delete",
  path,
  tags,
  request: { params, query: waiting },
  responses: worked,
});

const prune = createRoute({
  method: "post",
  path: "/v1/images/prune",
  tags,
  request: { query: waiting, body: body(pruneRequest) },
  responses: worked,
});

const check = createRoute({
  method: "post",
  path: "/v1/images/check",
  tags,
  request: { query: waiting, body: body(checkRequest) },
  responses: worked,
});

/** Milliseconds an upload may take: a day. */
const LONGEST = 86_400_000;

/** Images: list, build, import, export, name, delete. */
export function imageRoutes(app: OpenAPIHono, deps: Deps): void {
  const { images } = deps.engine;
  app.openapi(list, async (c) =>
    c.json(
      page(
        await images.measure(images.list()),
        (item) => `${item.aliases[0] ?? "~"} ${item.digest}`,
        c.req.valid("query"),
      ),
      200,
    ),
  );
  app.openapi(build, (c) => {
    const { build: recipe, ...rest } = c.req.valid("json");
    return operationAnswer(c, deps, images.build({ recipe, ...given(rest) }), c.req.valid("query").wait);
  });
  app.openapi(publish, (c) =>
    operationAnswer(c, deps, images.publish(c.req.valid("json")), c.req.valid("query").wait),
  );
  app.openapi(pull, (c) => {
    const { source, ...rest } = c.req.valid("json");
    return operationAnswer(c, deps, images.pull({ source, ...given(rest) }), c.req.valid("query").wait);
  });
  app.openapi(bring, async (c) => {
    const { wait, alias } = c.req.valid("query");
    const content = c.req.raw.body;
    if (!content) throw new WarrenError("USAGE", "the request's body is missing", "send the archive");
    const length = c.req.header("content-length");
    const size = length === undefined ? undefined : Number(length);
    const { stream, taken } = watched(content);
    const record = images.import({ body: stream, ...given({ alias, size }) });
    // An answer given while the archive still comes would cut it off.
    const ended = new AbortController();
    const over = deps.engine.operations.wait(
      record.id,
      LONGEST,
      AbortSignal.any([ended.signal, deps.closing]),
    );
    await Promise.race([taken, over]);
    ended.abort();
    return operationAnswer(c, deps, record, wait);
  });
  app.openapi(prune, (c) =>
    operationAnswer(c, deps, images.prune(given(c.req.valid("json"))), c.req.valid("query").wait),
  );
  app.openapi(check, (c) =>
    operationAnswer(c, deps, images.check(given(c.req.valid("json"))), c.req.valid("query").wait),
  );
  app.openapi(info, async (c) => {
    const [measured] = await images.measure([images.info(c.req.valid("param").ref)]);
    return c.json(measured!, 200);
  });
  app.openapi(take, async (c): Promise<never> => {
    const { ref } = c.req.valid("param");
    const { compression } = c.req.valid("query");
    const tarball = await images.export(ref, compression, c.req.raw.signal);
    return new Response(tarball, { headers: { "Content-Type": "application/octet-stream" } }) as never;
  });
  app.openapi(name, (c) =>
    c.json(images.setAliases(c.req.valid("param").ref, c.req.valid("json").aliases), 200),
  );
  app.openapi(remove, (c) =>
    operationAnswer(c, deps, images.delete(c.req.valid("param").ref), c.req.valid("query").wait),
  );
}
