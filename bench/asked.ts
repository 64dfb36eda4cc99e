import { type ParseArgsConfig, parseArgs } from "node:util";

/** What was asked for on the command line; ends with one line and exit code 64 for what can't be understood. */
export function asked<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const options = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    console.error(`bench: ${(error as Error).message.split(". ")[0]}; there are ${options.join(", ")}`);
    process.exit(64);
  }
}
