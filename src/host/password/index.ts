/**
 * Hashes of passwords as guests' /etc/shadow has them. What must never happen here: a password in a command line, a log or
 * an error.
 */
import { WarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";

/** The SHA-512 hash of a password (crypt(5)), with a salt of its own. Throws BAD_VALUE, UNSUPPORTED without openssl. */
export async function hashPassword(password: string): Promise<string> {
  if (!/^[^\x00-\x1f\x7f]{1,128}$/.test(password))
    throw new WarrenError(
      "BAD_VALUE",
      "the password is not usable",
      "1 to 128 characters, no control characters",
    );
  const { stdout } = await run(["openssl", "passwd", "-6", "-stdin"], { input: `${password}\n` });
  const hash = stdout.trim();
  if (/^\$6\$[./0-9A-Za-z]+\$[./0-9A-Za-z]{86}$/.test(hash)) return hash;
  throw new WarrenError(
    "FAILED",
    "openssl made no hash of the password",
    "see `openssl passwd -6` on this host",
  );
}
