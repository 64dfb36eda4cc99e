import { closeSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { makePipe } from "../syscall/index.ts";
import { TOOL_PATH } from "./index.ts";
import { put } from "./put.ts";
import { notStarted } from "./text.ts";

export interface DialogOptions {
  /** A line that changes nothing, and the end of what the tool says to it: so all before has been answered. */
  mark: { line: string; answer: RegExp };
  /** Milliseconds that an answer may take. */
  timeout: number;
  /** Milliseconds without a question after which the tool is let go. */
  idle: number;
  env?: Record<string, string>;
}

/** A tool that stays, for what takes less time than starting it. */
export interface Dialog {
  /**
   * All that it says to a line, errors among it; questions are asked in turn. Throws UNSUPPORTED when it isn't installed, TIMEOUT,
   * FAILED when it ended instead; the next question starts it anew.
   */
  ask(line: string): Promise<string>;
  /** Lets it go. */
  end(): void;
}

interface Tool {
  child: Bun.Subprocess<"pipe", number, number>;
  said: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(): Promise<void> };
  close(): void;
}

/** Keeps a tool that reads lines, started at the first question; it ends with us, whatever way we end. */
export function dialog(argv: readonly string[], { mark, timeout, idle, env = {} }: DialogOptions): Dialog {
  let tool: Tool | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  let timer: Timer | undefined;

  function begin(): Tool {
    // One pipe for both, so that an error stands where it was said.
    const { read, write } = makePipe();
    try {
      const child = Bun.spawn({
        cmd: [...argv],
        stdio: ["pipe", write, write],
        env: { PATH: TOOL_PATH, LC_ALL: "C.UTF-8", ...env },
      });
      child.unref();
      const said = (Bun.file(read).stream() as ReadableStream<Uint8Array>).getReader();
      const close = async (): Promise<void> => {
        child.kill("SIGKILL");
        await said.cancel().catch(() => undefined);
        closeSync(read);
      };
      return { child, said, close: () => void close() };
    } catch (error) {
      closeSync(read);
      throw notStarted(argv, error);
    } finally {
      closeSync(write);
    }
  }
  function end(): void {
    clearTimeout(timer);
    tool?.close();
    tool = null;
  }
  async function answer(line: string): Promise<string> {
    clearTimeout(timer);
    tool ??= begin();
    const { child, said } = tool;
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeout);
    const decoder = new TextDecoder();
    let text = "";
    try {
      await put(child.stdin, `${line}\n${mark.line}\n`);
      while (!mark.answer.test(text)) {
        const { done, value } = await said.read();
        if (done) throw new Error("it ended");
        text += decoder.decode(value, { stream: true });
      }
      return text.replace(mark.answer, "");
    } catch {
      end();
      if (late)
        throw new WarrenError("TIMEOUT", `${argv[0]} did not answer within ${timeout} ms`, "try again", {
          argv,
        });
      throw new WarrenError("FAILED", `${argv[0]} ended instead of answering`, "try again", { argv, text });
    } finally {
      clearTimeout(limit);
      if (tool !== null) timer = setTimeout(end, idle);
      timer?.unref();
    }
  }

  return {
    ask(line) {
      const asked = turn.then(() => answer(line));
      turn = asked.catch(() => undefined);
      return asked;
    },
    end,
  };
}
