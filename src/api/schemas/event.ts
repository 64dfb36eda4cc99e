import { z } from "@hono/zod-openapi";
import { EVENT_TYPES, type EventType } from "../../spec/event.ts";

export const event = z
  .object({
    seq: z.number(),
    time: z.string(),
    type: z.enum(Object.keys(EVENT_TYPES) as [EventType, ...EventType[]]),
    container: z.string().optional(),
    image: z.string().optional(),
    operation: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("Event");
