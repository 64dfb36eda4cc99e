import { z } from "@hono/zod-openapi";
import { errorBody } from "./error.ts";

/** An answer in JSON, for a route's `responses`. */
export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** An answer of plain bytes. */
export const bytes = (description: string, type = "application/octet-stream") => ({
  description,
  content: { [type]: { schema: z.string().openapi({ format: "binary" }) } },
});

/** What each route may answer instead. */
export const failure = { default: json(errorBody, "What was refused and what to do") };

/** A JSON body that must be there. */
export const body = <S extends z.ZodType>(schema: S) => ({
  required: true as const,
  content: { "application/json": { schema } },
});

/** A JSON body that may be left out. */
export const optionalBody = <S extends z.ZodType>(schema: S) => ({
  required: false as const,
  content: { "application/json": { schema } },
});

/** A page of a list. */
export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe("`cursor` of the next page") });
