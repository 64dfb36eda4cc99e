import { z } from "@hono/zod-openapi";
import { INIT_KINDS } from "../../spec/container.ts";

const appConfig = z.object({
  entrypoint: z.array(z.string()),
  command: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
  user: z.string(),
  stopSignal: z.number(),
  ports: z.array(z.string()),
});

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
    app: appConfig.optional().describe("How the program of an application image is run"),
    warnings: z.array(z.string()).optional().describe("What to mind about an image from elsewhere"),
  })
  .openapi("Image");

export const measuredImage = imageSummary
  .extend({
    own: z.number().describe("Bytes of its size that nobody else holds"),
    shared: z.number().describe("Bytes that other images or containers hold as well"),
  })
  .openapi("MeasuredImage");

export const buildRequest = z
  .strictObject({
    build: z.string(),
    init: z.enum(["systemd", "sysvinit", "openrc"]).optional(),
    alias: z.string().optional(),
    force: z.boolean().optional(),
  })
  .openapi("BuildImageRequest");

export const pullRequest = z
  .strictObject({
    source: z.string().describe("docker:REF, or NAME:ALIAS with the name of an image server"),
    alias: z.string().optional(),
    force: z.boolean().optional().describe("Also when the alias is there, which moves"),
  })
  .openapi("PullImageRequest");

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
