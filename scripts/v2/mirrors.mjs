import { existsSync } from "node:fs";
import { run } from "./tool.mjs";

/** Ways of reaching a mirror that a host may need: taken over as they are. */
const CARRIED =
  /^Acquire::(?:http|https|ftp)::(?:Proxy|Timeout|Verify-\w+)|^Acquire::(?:Retries|ForceIPv[46])\b/;

/**
 * Where this host gets Debian from, read from its apt: `{main, security, options}`.
 *
 * A mirror is `undefined` when the host names none (not a Debian): mmdebstrap then takes its own default.
 */
export async function hostMirrors() {
  const { stdout: targets } = await run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"], {
    ok: null,
  });
  const uris = targets.split("\n").flatMap((line) => /^Debian (\S+)$/.exec(line)?.[1] ?? []);
  const { stdout: config } = await run(["apt-config", "dump"], { ok: null });
  return {
    main: uris.find((uri) => /\/debian\/?$/.test(uri)),
    security: uris.find((uri) => /\/debian-security\/?$/.test(uri)),
    options: config.split("\n").filter((line) => CARRIED.test(line) && !line.endsWith('"";')),
  };
}

/** The authorities this host trusts, for the guest to trust too: a private mirror or proxy may be signed by one of them. */
export function hostAuthorities() {
  const file = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
  return existsSync(file) ? file : undefined;
}
