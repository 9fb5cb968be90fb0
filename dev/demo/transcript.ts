/** What the demo prints: chapters, ticks, times. */

import { setTimeout as sleep } from "node:timers/promises";

const paint = (code: string) => (text: string) =>
  process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;
const bold = paint("1");
const dim = paint("2");
const green = paint("32");
const red = paint("31");

/** Thrown when a step did not come out as it must; the message says what was expected and what was seen. */
export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
}

export interface Transcript {
  chapter(title: string): void;
  /**
   * Does one thing and prints it with a tick, what it found, and how long it took.
   * @param work returns the words after the title
   */
  step(title: string, work: () => Promise<string>): Promise<void>;
  note(line: string): void;
  /** Number of steps that were verified. */
  readonly verified: number;
}

/** A transcript on standard output. */
export function createTranscript(): Transcript {
  const begin = Date.now();
  let verified = 0;
  const stamp = () => dim(`${((Date.now() - begin) / 1000).toFixed(1).padStart(6)} s`);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  return {
    chapter: (title) => print(`\n${stamp()}  ${bold(title)}`),
    note: (line) => print(`          ${dim(line)}`),
    async step(title, work) {
      const started = Date.now();
      try {
        const found = await work();
        verified += 1;
        print(`${stamp()}  ${green("✓")} ${title} ${dim(`${Date.now() - started} ms`)}`);
        if (found) print(`            ${found}`);
      } catch (error) {
        print(`${stamp()}  ${red("✗")} ${title}`);
        throw error;
      }
    },
    get verified() {
      return verified;
    },
  };
}

/** @throws DemoFailure when the two differ. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) {
    throw new DemoFailure(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`);
  }
}

/**
 * Asks again and again until `look` returns something.
 * @throws DemoFailure after `withinMs`
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  withinMs = 20_000,
): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new DemoFailure(`${what}: did not happen within ${withinMs / 1000} s`);
    await sleep(100);
  }
}
