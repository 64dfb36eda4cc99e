import { z } from "@hono/zod-openapi";
import { CONTAINER_STATES } from "../../spec/container.ts";

const figure = z.number().nullable();

export const containerUsage = z
  .object({
    name: z.string(),
    state: z.enum(CONTAINER_STATES),
    at: z.number().describe("Milliseconds of a clock that only runs forward; rates come from two readings"),
    uptime: figure.describe("Seconds since init started"),
    cpu: figure.describe("Seconds of CPU time since the start"),
    memory: figure.describe("Bytes held now"),
    memoryLimit: figure.describe("Bytes; null is unlimited"),
    tasks: figure.describe("Processes and threads"),
    ioRead: figure.describe("Bytes read from disks since the start"),
    ioWrite: figure.describe("Bytes written to disks since the start"),
    netIn: figure.describe("Bytes that came to the container"),
    netOut: figure.describe("Bytes that left it"),
    pressure: z
      .object({ cpu: figure, memory: figure, io: figure })
      .describe("Percent of the last ten seconds in which some work had to wait"),
    nearest: z
      .object({ key: z.string(), held: z.number(), limit: z.number(), ratio: z.number() })
      .nullable()
      .describe("The level that is nearest to its limit"),
    fail: figure.describe("Times that a limit refused something, all levels together"),
  })
  .openapi("ContainerUsage");
