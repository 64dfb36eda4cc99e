/** The package's texts that are made from tables: by their path in the package. Run as a program it prints them as JSON. */
import { completionScript } from "../../src/cli/completion.ts";
import { renderManPage } from "../../src/cli/man.ts";
import { COMMANDS } from "../../src/cli/table.ts";
import { DEFAULT_CONFIG } from "../../src/spec/config.ts";
import { sysctlFile } from "../../src/spec/sysctl.ts";

/** `date` is the manual page's, YYYY-MM-DD. */
export async function texts(version: string, date: string): Promise<Record<string, string>> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return {
    "etc/warren/config.json": `${JSON.stringify(DEFAULT_CONFIG, null, 2)}\n`,
    "usr/lib/sysctl.d/10-warren.conf": sysctlFile(),
    "usr/share/man/man1/warren.1": renderManPage(commands, version, date),
    "usr/share/bash-completion/completions/warren": completionScript("bash", commands),
    "usr/share/zsh/vendor-completions/_warren": completionScript("zsh", commands),
    "usr/share/fish/vendor_completions.d/warren.fish": completionScript("fish", commands),
  };
}

if (import.meta.main) {
  const [version = "", date = ""] = Bun.argv.slice(2);
  await Bun.write(Bun.stdout, JSON.stringify(await texts(version, date)));
}
