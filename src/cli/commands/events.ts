import type { WarrenEvent } from "../../spec/event.ts";
import { command } from "../command.ts";
import { moment, renderData } from "../format.ts";
import { type Format, harmless, json } from "../text.ts";

/** The pieces of a stream as whole lines. */
async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts.filter(Boolean);
  }
  if (rest) yield rest;
}

function eventText(format: Format, event: WarrenEvent): string {
  if (format === "json") return `${json(event)}\n`;
  if (format === "yaml") return `---\n${renderData(format, event)}`;
  const { seq, time, type, container, image, operation, details } = event;
  const about = container ?? image ?? operation ?? "-";
  const more = details ? json(details) : "";
  if (format === "csv") return `${seq},${time},${type},${about},"${more.replaceAll('"', '""')}"\r\n`;
  return `${harmless(`${String(seq).padStart(6)}  ${moment(time)}  ${type.padEnd(20)}  ${about}  ${more}`).trimEnd()}\n`;
}

export const events = command({
  name: "events",
  summary: "show what happened, numbered without gaps",
  description: "With -o json one object a line. A reader that remembers the last number misses nothing.",
  args: {},
  options: {
    since: { value: "SEQ", number: true, help: "only events after this number" },
    follow: { short: "f", help: "go on with what comes" },
  },
  examples: [["events --since 120 -f -o json", ""]],
  async handler({ since, follow }, ctx) {
    const headers = { accept: "application/x-ndjson" };
    const response = await ctx.client.send("GET", "/v1/events", { query: { since, follow }, headers });
    if (response.body)
      for await (const line of lines(response.body))
        await ctx.out.write(eventText(ctx.out.format, JSON.parse(line) as WarrenEvent));
    return 0;
  },
});
