// @ts-check
// What the scripts print: one line a thing, progress in place on a terminal and in few lines elsewhere.

const terminal = process.stdout.isTTY === true;
const bold = (/** @type {string} */ text) => (terminal ? `\x1b[1m${text}\x1b[0m` : text);

/** A heading. @param {string} text */
export const heading = (text) => process.stdout.write(`${bold(text)}\n`);

/** One thing that was done or found. @param {string} text */
export const say = (text) => process.stdout.write(`  ${text}\n`);

/** A command, as it could be typed. @param {string} text */
export const sayCommand = (text) => process.stdout.write(`\n${bold(`$ ${text}`)}\n`);

/** Ends a script with one clear line. */
export class Refusal extends Error {
  /** @param {string} message @param {string} fix what to do @param {number} code exit code, as the contract has them */
  constructor(message, fix = "", code = 1) {
    super(fix ? `${message}; ${fix}` : message);
    this.code = code;
  }
}

/**
 * Runs a script's main function; a Refusal becomes its line and exit code.
 * @param {() => Promise<number | undefined> | number | undefined} main
 */
export async function script(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`warren: ${error.message}\n`);
    process.exitCode = error.code;
  }
}

/**
 * A progress display: in place on a terminal, a line at each quarter elsewhere.
 * @param {string} title
 */
export function progress(title) {
  let quarter = -1;
  return {
    /** @param {number} percent 0 to 100 @param {string} what */
    at(percent, what) {
      if (terminal) {
        const line = `  ${title}: ${String(Math.round(percent)).padStart(3)} % ${what}`;
        process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
      } else if (Math.floor(percent / 25) > quarter) {
        quarter = Math.floor(percent / 25);
        say(`${title}: ${Math.round(percent)} %`);
      }
    },
    end() {
      if (terminal) process.stdout.write("\r\x1b[K");
    },
  };
}
