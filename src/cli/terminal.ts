/** This process' terminal, for commands that need one at both ends. */
export interface Terminal {
  size(): { columns: number; rows: number };
  onResize(then: (columns: number, rows: number) => void): void;
  /** Raw: every key goes to the other end. Restored at the latest when the process ends. */
  raw(on: boolean): void;
}

/** The terminal on standard input and output; both must be one. */
export function openTerminal(): Terminal {
  const { stdin, stdout } = process;
  const size = (): { columns: number; rows: number } => {
    // A terminal that was never told its size has 0 of both.
    const [columns, rows] = stdout.isTTY ? stdout.getWindowSize() : [];
    return { columns: columns || 80, rows: rows || 24 };
  };
  const raw = (on: boolean): void => {
    if (!stdin.isTTY) return;
    stdin.setRawMode(on);
    // Bun goes on turning line feeds into line ends, which is the other end's business: full-screen programs there
    // move down with them. Leaving raw mode puts back what was before.
    if (on) Bun.spawnSync({ cmd: ["stty", "-opost"], stdin: "inherit", stdout: "ignore", stderr: "ignore" });
  };
  process.on("exit", () => raw(false));
  return {
    size,
    raw,
    onResize(then) {
      process.on("SIGWINCH", () => {
        const { columns, rows } = size();
        then(columns, rows);
      });
    },
  };
}
