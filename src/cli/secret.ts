import { WarrenError } from "../spec/errors.ts";
import { inputKind } from "./output.ts";

/** Reads a line that nobody is to see: twice from a terminal, without showing it, else from standard input. Throws USAGE. */
export async function askSecret(prompt: string): Promise<string> {
  if ((await inputKind()) !== "terminal") {
    const text = await Bun.stdin.text();
    const line = text.replace(/\r?\n$/, "");
    if (line !== "" && !line.includes("\n")) return line;
    throw new WarrenError(
      "USAGE",
      "standard input is not one line",
      "give the password there, or use a terminal",
    );
  }
  const first = await hidden(prompt);
  if ((await hidden("Again: ")) === first) return first;
  throw new WarrenError("USAGE", "the two are not the same", "try again");
}

const [ENTER, BACKSPACE, INTERRUPT, END] = ["\r\n", "\x7f\b", "\x03", "\x04"];

/** One line from the terminal, which shows nothing of it meanwhile. */
async function hidden(prompt: string): Promise<string> {
  const { stdin } = process;
  await Bun.write(Bun.stderr, prompt);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let line = "";
      const onData = (data: Buffer): void => {
        for (const key of data.toString("utf8")) {
          const given = ENTER.includes(key);
          if (!given && key !== INTERRUPT && key !== END) {
            line = BACKSPACE.includes(key) ? line.slice(0, -1) : line + key;
            continue;
          }
          stdin.off("data", onData);
          if (given) resolve(line);
          else reject(new WarrenError("CANCELLED", "no password was given", "try again"));
          return;
        }
      };
      stdin.on("data", onData);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    await Bun.write(Bun.stderr, "\n");
  }
}
