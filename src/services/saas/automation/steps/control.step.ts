import * as z from "zod";
import type { TraceLine } from "../../../../lib/condition";
import type { AutomationRunRecord, RunWait } from "../../../../model/saas/automation.run.schema";
import type { RuleScope } from "../scope";

/** What a control step works with beside its own settings. */
export interface ControlInput {
  readonly run: AutomationRunRecord;
  readonly stepId: string;
  /** Data for variables and conditions, read just now. */
  readonly scope: RuleScope;
  readonly now: Date;
}

/** Where a run goes from a control step. */
export type Move = {
  readonly output?: Readonly<Record<string, unknown>>;
  readonly trace?: readonly TraceLine[];
  readonly reason?: string;
  /** Variables to set. */
  readonly values?: Readonly<Record<string, unknown>>;
} & (
  | { readonly kind: "next" }
  /** Leaves out the step behind this one. */
  | { readonly kind: "skip_next" }
  | { readonly kind: "goto"; readonly stepId: string }
  | { readonly kind: "wait"; readonly wait: RunWait }
  | { readonly kind: "end"; readonly status: "completed" | "exited"; readonly exitReason: string | null }
);

/** A place in a step's settings that names another step. */
export interface Jump {
  readonly path: readonly (string | number)[];
  readonly to: string;
}

interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** One kind of step that decides where the run goes, and touches nothing else. */
export interface ControlStep<T extends string, C extends z.ZodRawShape> {
  readonly type: T;
  readonly description: string;
  /** Settings in the rule's JSON, beside `id`, `type` and `next`. */
  readonly config: C;
  /** True for a step that always says itself where to go: it takes no `next`. */
  readonly jumps?: true;
  /** Settings of which exactly one is given. */
  readonly oneOf?: readonly string[];
  /** Neither the lead nor anything else has a say in it: it is taken without reading them again. */
  readonly blind?: true;
  /** What the fields cannot say one by one. */
  check?(config: z.output<z.ZodObject<C>>): readonly Issue[];
  targets?(config: z.output<z.ZodObject<C>>): readonly Jump[];
  /** Events that wake a run standing here. */
  hears?(config: z.output<z.ZodObject<C>>): readonly string[];
  /** When the run reaches the step. */
  enter(config: z.output<z.ZodObject<C>>, input: ControlInput): Promise<Move>;
  /** When its wait is over and nothing happened. `next` when absent. */
  resume?(config: z.output<z.ZodObject<C>>, input: ControlInput): Promise<Move>;
}

/** A control step with its settings' type hidden: what the engine calls. */
export interface RunnableControl {
  readonly type: string;
  readonly description: string;
  readonly jumps: boolean;
  readonly blind: boolean;
  readonly config: z.ZodRawShape;
  readonly oneOf: readonly string[] | undefined;
  check(settings: unknown): readonly Issue[];
  targets(settings: unknown): readonly Jump[];
  hears(settings: unknown): readonly string[];
  enter(settings: unknown, input: ControlInput): Promise<Move>;
  resume(settings: unknown, input: ControlInput): Promise<Move>;
}

/** Declares a control step with its types inferred. */
export function defineControl<const T extends string, C extends z.ZodRawShape>(
  step: ControlStep<T, C>,
): RunnableControl {
  const schema = z.object(step.config);
  /** Of settings that are wrong there is nothing to be told: their schema tells what is wrong. */
  const read = (settings: unknown) => schema.safeParse(settings).data;
  return {
    type: step.type,
    description: step.description,
    jumps: step.jumps ?? false,
    blind: step.blind ?? false,
    config: step.config,
    oneOf: step.oneOf,
    check(settings) {
      const config = read(settings);
      return (config && step.check?.(config)) ?? [];
    },
    targets(settings) {
      const config = read(settings);
      return (config && step.targets?.(config)) ?? [];
    },
    hears(settings) {
      const config = read(settings);
      return (config && step.hears?.(config)) ?? [];
    },
    enter: (settings, input) => step.enter(schema.parse(settings), input),
    resume: async (settings, input) => step.resume?.(schema.parse(settings), input) ?? { kind: "next" },
  };
}
