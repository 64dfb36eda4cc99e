/**
 * Preloaded where a machine is many times slower than those that tests were written on (emulated instructions): every
 * time limit that a test or hook names is a net against hanging, and becomes WARREN_PATIENCE times as wide.
 *
 *     WARREN_PATIENCE=10 bun test --preload ./tests/helpers/patient.ts FILE
 */
import * as real from "bun:test";
import { patience } from "./patience.ts";

type Any = (...args: unknown[]) => unknown;

const wider = <T>(of: T): T =>
  new Proxy(of as Any, {
    apply: (target, self, args) =>
      Reflect.apply(
        target,
        self,
        args.map((arg) => (typeof arg === "number" ? patience(arg) : arg)),
      ),
    // Its members are getters that insist on the function itself.
    get: (target, key) => Reflect.get(target, key, target),
  }) as T;

const { test, it, beforeAll, beforeEach, afterAll, afterEach } = real;
const hooks = { beforeAll, beforeEach, afterAll, afterEach };
real.mock.module("bun:test", () => ({
  ...real,
  test: wider(test),
  it: wider(it),
  ...Object.fromEntries(Object.entries(hooks).map(([name, hook]) => [name, wider(hook)])),
}));
