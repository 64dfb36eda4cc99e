import { z } from "@hono/zod-openapi";

export const version = z
  .object({
    version: z.string(),
    api: z.literal("v1"),
    lxc: z.string(),
    kernel: z.string(),
    cgroup: z.enum(["v1", "v2"]),
  })
  .openapi("Version");

export const hostInfo = z.record(z.string(), z.unknown()).openapi("HostInfo");

export const hostCheck = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        state: z.enum(["ok", "warn", "missing"]),
        message: z.string(),
        fix: z.string(),
      }),
    ),
  })
  .openapi("HostCheck");
