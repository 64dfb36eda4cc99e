import { z } from "@hono/zod-openapi";
import { INIT_KINDS } from "../../spec/container.ts";

export const imageSummary = z
  .object({
    digest: z.string(),
    aliases: z.array(z.string()),
    size: z.number(),
    created: z.string(),
    containers: z.array(z.string()),
    init: z.enum(INIT_KINDS),
    architecture: z.string(),
    description: z.string(),
    source: z.string(),
  })
  .openapi("Image");

export const buildRequest = z
  .strictObject({
    build: z.string(),
    init: z.enum(["systemd", "sysvinit", "openrc"]).optional(),
    alias: z.string().optional(),
    force: z.boolean().optional(),
  })
  .openapi("BuildImageRequest");

export const pruneRequest = z
  .strictObject({ all: z.boolean().optional().describe("Images without containers too") })
  .openapi("PruneImagesRequest");

export const checkRequest = z
  .strictObject({ repair: z.boolean().optional().describe("Take the names of damaged objects away") })
  .openapi("CheckImagesRequest");

export const publishRequest = z
  .strictObject({
    from: z.string().describe("A container that is stopped or frozen, or NAME/SNAPSHOT"),
    alias: z.string(),
    description: z.string().max(200).optional(),
    force: z.boolean().optional().describe("Take the alias from an image that has it"),
    keepSshKeys: z.boolean().optional().describe("Leave the SSH host keys in"),
  })
  .openapi("PublishRequest");

export const aliasesRequest = z.strictObject({ aliases: z.array(z.string()) }).openapi("AliasesRequest");
