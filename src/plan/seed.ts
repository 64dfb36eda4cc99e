/** What is written into a container before its first start, as text. Pure. */
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";

const KEY =
  /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d{3}|sk-[a-z0-9-]+@openssh\.com) [A-Za-z0-9+/]{16,}={0,2}(?: .*)?$/;

/** A public key as authorized_keys(5) has it, one line without options. Throws BAD_VALUE. */
export function publicKey(text: string): string {
  const line = text.trim();
  if (line.length <= 16_384 && KEY.test(line) && !/[\x00-\x1f\x7f]/.test(line)) return line;
  throw new WarrenError(
    "BAD_VALUE",
    `"${printable(line)}" is not a public key`,
    "give a line like those of ~/.ssh/id_ed25519.pub",
  );
}

/** authorized_keys with `keys`, each once, after what is there. */
export function withKeys(present: string, keys: readonly string[]): string {
  const lines = present.split("\n").filter((line) => line !== "");
  return `${[...lines, ...keys.filter((key) => !lines.includes(key))].join("\n")}\n`;
}

/** shadow(5) with root's password; `today` in days since 1970. */
export function withPassword(shadow: string, hash: string, today: number): string {
  const lines = shadow.split("\n").filter((line) => line !== "");
  const at = lines.findIndex((line) => line.startsWith("root:"));
  const [, , , ...rest] = (lines[at] ?? "root:*::0:99999:7:::").split(":");
  const line = ["root", hash, `${today}`, ...rest].join(":");
  return `${(at < 0 ? [line, ...lines] : lines.with(at, line)).join("\n")}\n`;
}

/** Files of a NoCloud seed by name (cloud-init's "NoCloud" datasource); the network is set up from outside. */
export function noCloud(o: {
  id: string;
  name: string;
  userData: string;
  sshKeys: readonly string[];
}): Record<"meta-data" | "user-data" | "network-config", string> {
  // A JSON text is a YAML text.
  const meta = { "instance-id": o.id, "local-hostname": o.name, "public-keys": o.sshKeys };
  return {
    "meta-data": `${JSON.stringify(meta, null, 2)}\n`,
    "user-data": o.userData,
    "network-config": "version: 1\nconfig: disabled\n",
  };
}
