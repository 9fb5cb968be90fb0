import type { PlatformContext } from "../../lib/context/tenant.context";

/** An option of a verb; `--name VALUE`, or a plain `--name` when it takes no value. */
export interface VerbOption {
  readonly type: "string" | "boolean";
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly about: string;
}

/** What a verb was called with. */
export interface VerbCall {
  readonly ctx: PlatformContext;
  /** The words behind the verb, as many as `words` names. */
  readonly words: readonly string[];
  readonly text: (option: string) => string | undefined;
  readonly flag: (option: string) => boolean;
  /** Tells whoever waits; on stderr, so that the result stays alone on stdout. */
  readonly progress: (sentence: string) => void;
}

/** What a verb answers: the value for --json, and the lines for a person. `failed` ends the command with code 1. */
export interface VerbAnswer {
  readonly value: unknown;
  readonly lines: readonly string[];
  readonly failed?: boolean;
}

/** One thing the command can do. */
export interface Verb {
  readonly name: string;
  /** Words behind the verb, e.g. `CODE`; one in brackets may be left out. */
  readonly words: readonly string[];
  readonly about: string;
  readonly options: Readonly<Record<string, VerbOption>>;
  /** It creates the central indexes itself; before every other verb the command does. */
  readonly migrates?: true;
  run(call: VerbCall): Promise<VerbAnswer>;
}

/** Wrong usage, as opposed to a refusal: the command ends with code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
