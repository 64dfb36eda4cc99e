import { expect, test } from "bun:test";
import { asWarrenError } from "../../src/spec/errors.ts";

test.each([
  ["ENOSPC", "FAILED"],
  ["SQLITE_FULL", "FAILED"],
  ["EIO", "BUG"],
  [undefined, "BUG"],
] as const)("a stranger with code %p is %s", (code, told) =>
  expect(asWarrenError(Object.assign(new Error("x"), { code })).code).toBe(told),
);

test("what isn't even an object is a fault of ours", () => expect(asWarrenError(null).code).toBe("BUG"));
