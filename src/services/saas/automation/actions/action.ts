import * as z from "zod";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { AutomationRunRecord } from "../../../../model/saas/automation.run.schema";

/** What an action works with beside its own settings. */
export interface ActionInput {
  readonly run: AutomationRunRecord;
  readonly stepId: string;
  /** Same on every retry of this step: what the effect is unique by. */
  readonly effectKey: string;
  /** Data for variables and conditions, read just now. */
  readonly scope: Readonly<Record<string, unknown>>;
}

/** What a step leaves for later steps (`steps.<id>.output`) and for the person who reads the run. Ids and codes. */
export const actionOutputSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
);
export type ActionOutput = Readonly<z.output<typeof actionOutputSchema>>;

/** A place in a step's settings, and what is wrong there. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * One kind of step that acts. `inline` actions touch only our own data and run at once; `job` actions speak to the
 * outside and run from the queue.
 */
export interface Action<T extends string, C extends z.ZodRawShape> {
  readonly type: T;
  readonly mode: "inline" | "job";
  readonly description: string;
  /** Writes to the lead: send windows, frequency caps and opt-outs hold for it. */
  readonly sends?: true;
  /** Settings in the rule's JSON, beside `id` and `type`. */
  readonly config: C;
  /** Settings of which exactly one is given. */
  readonly oneOf?: readonly string[];
  /** What the fields cannot say one by one. */
  check?(config: z.output<z.ZodObject<C>>): readonly Issue[];
  run(ctx: TenantContext, config: z.output<z.ZodObject<C>>, input: ActionInput): Promise<ActionOutput>;
}

/** An action with its settings' type hidden: what the engine calls. */
export interface RunnableAction<T extends string, C extends z.ZodRawShape> extends Action<T, C> {
  /** Parses the step's settings and runs. @throws ZodError when they are not this action's. */
  perform(ctx: TenantContext, settings: unknown, input: ActionInput): Promise<ActionOutput>;
  /** What is wrong with settings that fit one by one. */
  issues(settings: unknown): readonly Issue[];
}

/** Declares an action with its types inferred. */
export function defineAction<const T extends string, C extends z.ZodRawShape>(
  action: Action<T, C>,
): RunnableAction<T, C> {
  const schema = z.object(action.config);
  return {
    ...action,
    perform: (ctx, settings, input) => action.run(ctx, schema.parse(settings), input),
    issues(settings) {
      // Settings that are wrong one by one are told of by their schema.
      const parsed = schema.safeParse(settings);
      return (parsed.success ? action.check?.(parsed.data) : undefined) ?? [];
    },
  };
}
