import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { asWarrenError, ERRORS, SEE_API, WarrenError } from "../spec/errors.ts";
import type { Log } from "../spec/log.ts";
import { printable } from "../spec/name.ts";

/** The answer for whatever was thrown; a stranger is logged with its stack and told as BUG. */
export function errorResponse(thrown: unknown, log: Log): Response {
  const error = thrown instanceof HTTPException ? misread() : asWarrenError(thrown);
  if (error.code === "BUG")
    log("error", "a request failed by a fault of ours", {
      error: error.message,
      stack: (thrown as Error | undefined)?.stack,
    });
  return Response.json(error.body(), { status: ERRORS[error.code].status });
}

/** Hono's own refusals: all of them are about a body it can't read. */
const misread = (): WarrenError =>
  new WarrenError("USAGE", "the request's body is not JSON", "send JSON with content-type application/json");

type Issue = z.core.$ZodIssue;

/** One line for what a request got wrong, naming the field. */
export function requestError(place: string, issues: readonly Issue[]): WarrenError {
  const issue = issues[0]!;
  const field = issue.path.map(String).join(".");
  const where = place === "json" ? "the request's body" : `the request's ${place}`;
  const fix = SEE_API;
  if (issue.code === "unrecognized_keys")
    return new WarrenError("USAGE", `${where} has an unknown field "${printable(issue.keys[0] ?? "")}"`, fix);
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return new WarrenError(
      "USAGE",
      field ? `${where} lacks "${printable(field)}"` : `${where} is missing`,
      fix,
    );
  const said = issue.message.replace(/^Invalid (input|option): /, "");
  return new WarrenError(
    "BAD_VALUE",
    `${where}${field ? `: "${printable(field)}"` : ""}: ${printable(said)}`,
    fix,
  );
}
