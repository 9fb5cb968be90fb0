import * as z from "zod";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { Change } from "../../../../lib/tenant/commit.change";
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

/** One kind of step that acts. */
interface Acting<T extends string, C extends z.ZodRawShape> {
  readonly type: T;
  readonly description: string;
  /** Settings in the rule's JSON, beside `id` and `type`. */
  readonly config: C;
  /** Settings of which exactly one is given. */
  readonly oneOf?: readonly string[];
  /** What the fields cannot say one by one. */
  check?(config: z.output<z.ZodObject<C>>): readonly Issue[];
}

/**
 * `inline` actions touch only our own data and run at once; `job` actions speak to the outside and run from the queue.
 * Each sees to it itself that a retry has no second effect, by the effect key.
 */
export interface Action<T extends string, C extends z.ZodRawShape> extends Acting<T, C> {
  readonly mode: "inline" | "job";
  /** Writes to the lead: send windows, frequency caps and opt-outs hold for it. */
  readonly sends?: true;
  run(ctx: TenantContext, config: z.output<z.ZodObject<C>>, input: ActionInput): Promise<ActionOutput>;
}

/**
 * An action that is one change of our own data: it is committed together with the step's log and the run's move, so
 * that it happens exactly when the run goes on.
 */
export interface ChangeAction<T extends string, C extends z.ZodRawShape> extends Acting<T, C> {
  /** May be called several times for one commit, and does nothing outside of the change. */
  change(
    ctx: TenantContext,
    change: Change,
    config: z.output<z.ZodObject<C>>,
    input: ActionInput,
  ): Promise<ActionOutput>;
}

/** An action with its settings' type hidden: what the engine calls. */
export interface RunnableAction<T extends string, C extends z.ZodRawShape> extends Acting<T, C> {
  readonly mode: "inline" | "job";
  readonly sends: boolean;
  /** Parses the step's settings and acts. @throws ZodError when they are not this action's. */
  readonly perform:
    | {
        readonly in: "change";
        run(ctx: TenantContext, change: Change, settings: unknown, input: ActionInput): Promise<ActionOutput>;
      }
    | {
        readonly in: "call";
        run(ctx: TenantContext, settings: unknown, input: ActionInput): Promise<ActionOutput>;
      };
  /** What is wrong with settings that fit one by one. */
  issues(settings: unknown): readonly Issue[];
}

/** Settings that are wrong one by one are told of by their schema. */
function issuesOf<C extends z.ZodRawShape>(
  schema: z.ZodObject<C>,
  { check }: Pick<Acting<string, C>, "check">,
  settings: unknown,
): readonly Issue[] {
  const parsed = schema.safeParse(settings);
  return (parsed.success ? check?.(parsed.data) : undefined) ?? [];
}

/** Declares an action with its types inferred. */
export function defineAction<const T extends string, C extends z.ZodRawShape>(
  action: Action<T, C>,
): RunnableAction<T, C> {
  const schema = z.object(action.config);
  return {
    ...action,
    sends: action.sends ?? false,
    perform: { in: "call", run: (ctx, settings, input) => action.run(ctx, schema.parse(settings), input) },
    issues: (settings) => issuesOf(schema, action, settings),
  };
}

/** Declares an action that is one change of our own data. */
export function defineChange<const T extends string, C extends z.ZodRawShape>(
  action: ChangeAction<T, C>,
): RunnableAction<T, C> {
  const schema = z.object(action.config);
  return {
    ...action,
    mode: "inline",
    sends: false,
    perform: {
      in: "change",
      run: (ctx, change, settings, input) => action.change(ctx, change, schema.parse(settings), input),
    },
    issues: (settings) => issuesOf(schema, action, settings),
  };
}
