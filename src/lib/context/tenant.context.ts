import type { Actor, ClientCode } from "../../contracts/common.contract";
import type { Causation, CrmEvent } from "../../contracts/crm.event.contract";
import type { Logger } from "../log/logger";

/** What a piece of work for one tenant knows: the first argument of every tenant service. */
export interface TenantContext {
  readonly clientCode: ClientCode;
  readonly actor: Actor;
  /** Of the HTTP request or job that started this; goes into every log line, event and job. */
  readonly requestId: string;
  /** Set while a rule acts, so that its events carry their chain. Absent: a new chain starts. */
  readonly causation?: Causation;
  /** Set while a rule acts: the run whose step this is. */
  readonly runId?: string;
  readonly logger: Logger;
  /** The stack's clock (server time, moved by /local/clock in stage local). Never use Date.now() in a service. */
  now(): Date;
  /**
   * Port to whoever listens (the automation engine), bound at the composition points. Called after the commit by
   * `commitChange`; failures are logged and taken up by the tenant sweep, so it never rejects.
   */
  emit(events: readonly CrmEvent[]): Promise<void>;
}

/** The listener that mounts and the worker bind `emit` to. */
export type EventDispatcher = (ctx: TenantContext, events: readonly CrmEvent[]) => Promise<void>;

/** What work for the platform itself knows: admin routes and CLIs. */
export interface PlatformContext {
  readonly actor: Actor;
  readonly requestId: string;
  readonly logger: Logger;
  now(): Date;
}
