import { WarrenError } from "../spec/errors.ts";

/** An address range: its first address as a number, and how many it has. */
export interface Range {
  six: boolean;
  first: bigint;
  size: bigint;
  text: string;
}

/** The number of an IPv4 or IPv6 address, or `null` when it is none. */
export function addressNumber(text: string): bigint | null {
  return text.includes(":") ? sixNumber(text) : fourNumber(text);
}

function fourNumber(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256)) return null;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function sixNumber(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  if (!groups.every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return null;
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** An address as the kernel prints it (RFC 5952 for IPv6). */
export function addressText(number: bigint, six: boolean): string {
  if (!six) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((number >> BigInt(112 - 16 * i)) & 65_535n).toString(16),
  );
  const runs = [...groups.join(":").matchAll(/\b0(:0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (!longest) return groups.join(":");
  const text = groups.join(":");
  const head = text.slice(0, longest.index).replace(/:$/, "");
  const tail = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${head}::${tail}`;
}

/** Reads `ADDRESS/LENGTH`; throws BAD_VALUE, naming `what` it was given for. */
export function parseRange(text: string, what: string): Range {
  const [address = "", length = ""] = text.split("/");
  const number = addressNumber(address);
  const six = address.includes(":");
  const bits = six ? 128 : 32;
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (number === null || prefix < 0 || prefix > bits)
    throw new WarrenError(
      "BAD_VALUE",
      `${what}: "${text}" is not an address range`,
      "write ADDRESS/LENGTH, like 10.83.0.0/16",
    );
  const size = 1n << BigInt(bits - prefix);
  const first = number - (number % size);
  return { six, first, size, text: `${addressText(first, six)}/${prefix}` };
}

/** Whether two ranges have an address in common. */
export function overlap(a: Range, b: Range): boolean {
  return a.six === b.six && a.first < b.first + b.size && b.first < a.first + a.size;
}

/** The first address of the range that is not `taken`; the lowest and the highest are left out. `null`: none free. */
export function freeAddress(range: Range, taken: ReadonlySet<string>): string | null {
  const last = range.size > 2n ? range.first + range.size - 2n : range.first + range.size - 1n;
  for (let n = range.size > 2n ? range.first + 2n : range.first; n <= last; n++) {
    const text = addressText(n, range.six);
    if (!taken.has(text)) return text;
  }
  return null;
}
