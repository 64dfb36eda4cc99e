import { z } from "@hono/zod-openapi";

const mapped = z
  .object({ rss: z.number(), pss: z.number() })
  .describe("Bytes of files that processes have mapped: each counted whole, and each its part");

const figures = {
  diskShared: z.number().describe("Bytes on disk, of the image and the layer below, that others use too"),
  diskPrivate: z.number().describe("Bytes on disk of its own"),
  cacheShared: z.number().describe("Bytes in the page cache of files that others use too"),
  regainable: z.number().describe("Bytes on disk that sharing would free"),
};

export const shareReport = z
  .object({
    total: z.object({ ...figures, mapped }).describe("What is shared is counted once"),
    containers: z.array(
      z.object({
        container: z.string(),
        image: z.string(),
        running: z.boolean(),
        ...figures,
        mapped: mapped.nullable(),
      }),
    ),
  })
  .openapi("ShareReport");

export const shareRequest = z
  .strictObject({
    containers: z.array(z.string()).optional().describe("All when absent"),
    atStart: z.boolean().optional().describe("Share files of running ones before their next start"),
  })
  .openapi("ShareRequest");
