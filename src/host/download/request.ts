import { isLoopback } from "../../spec/config.ts";
import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";

/** Milliseconds a server may be silent. */
const SILENCE = 30_000;
const REDIRECTS_MOST = 5;

/** A request whose answer is read piece by piece. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The body; throws FAILED when the server is silent for half a minute, CANCELLED. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/**
 * Asks for `url`, going along with redirects. Throws FAILED when nothing answers, HOSTILE for a redirect to where the
 * address could not have led in the first place, CANCELLED.
 */
export async function request(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer> {
  const silence = new AbortController();
  const clock = { timer: setTimeout(() => silence.abort(), SILENCE) };
  const heard = (): void => {
    clearTimeout(clock.timer);
    clock.timer = setTimeout(() => silence.abort(), SILENCE);
  };
  const explain = (error: unknown): WarrenError => {
    clearTimeout(clock.timer);
    if (error instanceof WarrenError) return error;
    if (signal.aborted) return new WarrenError("CANCELLED", "fetching was cancelled");
    const host = new URL(url).host;
    if (silence.signal.aborted)
      return new WarrenError("FAILED", `${host} was silent for ${SILENCE / 1000} s`, "try again later");
    return new WarrenError(
      "FAILED",
      `${host} could not be reached: ${printable((error as Error).message)}`,
      "see whether it can be reached from this host",
    );
  };
  const ask = async (): Promise<Response> => {
    for (let [at, left] = [new URL(url), REDIRECTS_MOST]; ; left--) {
      const answer = await fetch(at, {
        headers: { "Accept-Encoding": "identity", ...headers },
        redirect: "manual",
        signal: AbortSignal.any([signal, silence.signal]),
        // What is hashed is what was sent.
        ...({ decompress: false } as object),
      });
      heard();
      const to = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || to === null) return answer;
      await answer.body?.cancel();
      const next = URL.canParse(to, at.href) ? new URL(to, at) : null;
      if (!next || left === 0 || !mayLead(at, next))
        throw new WarrenError("HOSTILE", `${at.host} leads to ${printable(to)}`, "do not use that server");
      at = next;
    }
  };
  try {
    const answer = await ask();
    return {
      status: answer.status,
      headers: answer.headers,
      async *pieces() {
        try {
          for await (const piece of answer.body ?? []) {
            heard();
            yield piece;
          }
        } catch (error) {
          throw explain(error);
        } finally {
          clearTimeout(clock.timer);
        }
      },
    };
  } catch (error) {
    throw explain(error);
  }
}

/** Never to where there is no certificate, never from outside to this host. */
const mayLead = (from: URL, to: URL): boolean =>
  to.protocol === "https:"
    ? isLoopback(from) || !isLoopback(to)
    : to.protocol === "http:" && isLoopback(from) && isLoopback(to);

/** A small text, at most `most` bytes. Throws FAILED, HOSTILE, CANCELLED. */
export async function fetchText(url: string, most: number, signal: AbortSignal): Promise<string> {
  const answer = await request(url, {}, signal);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.pieces()) {
    length += piece.length;
    if (length > most)
      throw new WarrenError("HOSTILE", `${url} has more than ${most} bytes`, "do not use that server");
    pieces.push(piece);
  }
  if (answer.status !== 200)
    throw new WarrenError("FAILED", `${url} answered ${answer.status}`, "check imageServers in config.json");
  return Buffer.concat(pieces).toString("utf8");
}
