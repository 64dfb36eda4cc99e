import { type Context, command } from "../command.ts";
import { runIn, runOptions } from "./exec.ts";
import { open, place } from "./place.ts";

const FALLBACK = "/bin/sh";
/** A guest may make /etc/passwd as large as it likes. */
const MOST = 1 << 20;

/** Start of a guest's file as text; empty when it can't be read. */
async function start(ctx: Context, name: string, path: string): Promise<string> {
  const found = await open(ctx.client, place(name + path)).catch(() => null);
  if (!found?.answer.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of found.answer.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST) break;
  }
  return text;
}

/** Login shell of a user, by name or id, in the text of /etc/passwd; /bin/sh when there is none to run. */
export function loginShell(passwd: string, user: string): string {
  for (const line of passwd.split("\n")) {
    const [name, , uid, , , , shell] = line.split(":");
    if ((name === user || uid === user) && shell?.startsWith("/") && !/\/(nologin|false)$/.test(shell))
      return shell;
  }
  return FALLBACK;
}

export const shell = command({
  name: "shell",
  summary: "open a login shell in a container",
  description: "The user's own shell from the guest's /etc/passwd, or /bin/sh.",
  args: { name: { complete: "container", help: "name of a container that runs" } },
  options: runOptions,
  examples: [
    ["shell web", "as root"],
    ["shell web -u alice", ""],
  ],
  async handler(given, ctx) {
    const { name, user = "root" } = given;
    const path = loginShell(await start(ctx, name, "/etc/passwd"), user.split(":")[0]!);
    return runIn(ctx, { ...given, user, command: [path, "-l"], tty: undefined, noInput: false });
  },
});
