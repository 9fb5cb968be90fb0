import type { Actor, ClientCode } from "../../contracts/common.contract";
import type { Causation } from "../../contracts/crm.event.contract";
import { now } from "../clock/clock";
import { rootLogger } from "../log/logger";
import type { EventDispatcher, PlatformContext, TenantContext } from "./tenant.context";

export interface TenantContextInput {
  readonly clientCode: ClientCode;
  readonly actor: Actor;
  readonly requestId: string;
  /** Who hears of the events; the mounts and the worker pass the automation engine. */
  readonly dispatch: EventDispatcher;
  readonly causation?: Causation;
}

/** Makes the context of one request or job. */
export function createTenantContext(input: TenantContextInput): TenantContext {
  const logger = rootLogger().child({ requestId: input.requestId, clientCode: input.clientCode });
  const ctx: TenantContext = {
    clientCode: input.clientCode,
    actor: input.actor,
    requestId: input.requestId,
    ...(input.causation ? { causation: input.causation } : {}),
    logger,
    now,
    async emit(events) {
      try {
        await input.dispatch(ctx, events);
      } catch (error) {
        logger.warn(
          "Events could not be dispatched at once; the tenant sweep takes them up.",
          { eventIds: events.map((event) => event.id) },
          error,
        );
      }
    },
  };
  return ctx;
}

/** The same work done in the name of somebody else, e.g. a rule: its events carry `actor` and `causation`. */
export function actingFor(
  ctx: TenantContext,
  as: { actor: Actor; causation: Causation; runId?: string },
): TenantContext {
  return { ...ctx, ...as };
}

/** Makes the context of work for the platform itself. */
export function createPlatformContext(input: { actor: Actor; requestId: string }): PlatformContext {
  return {
    actor: input.actor,
    requestId: input.requestId,
    logger: rootLogger().child({ requestId: input.requestId, actor: input.actor.id }),
    now,
  };
}
