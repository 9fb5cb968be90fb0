/**
 * The tenants whose databases a process has open: which connection belongs to whom, for how long it may be believed,
 * and when it may go. Kept by tenant; the clients below are shared by cluster and credentials.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Connection } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import type { ClusterPool, DatabaseHandle } from "../db/cluster.pool";
import { isAuthenticationFailure, isUnreachable } from "../db/connectivity.error";
import { AppError } from "../errors/app.error";
import { rootLogger } from "../log/logger";
import { databaseUnavailable, openTenantDatabase } from "./open.tenant.database";
import { readTenantSource, type TenantSource } from "./tenant.source";

/** Requests are answered within 6 s: 5 s of patience, with a database that has been silent for 2 s by then. */
const answerMs = 5_000;
const silentMs = 2_000;

/** An open tenant. `source` is replaced at each re-read, the handle only when place or credentials changed. */
interface Tenant {
  source: TenantSource;
  readonly handle: DatabaseHandle;
  /** When the central database must be asked again, in process time. */
  freshUntil: number;
  /** Requests and jobs that run on it. */
  held: number;
  /** Swapped or evicted: released when nobody holds it any more. */
  retired: boolean;
}

interface Entry {
  readonly opening: Promise<void>;
  tenant?: Tenant;
  refreshing?: Promise<void> | undefined;
}

export interface WithTenantOptions {
  /** Also for a suspended client: storing its webhooks, exporting its data. */
  readonly evenSuspended?: boolean;
  /**
   * For requests: when the database falls silent, throw tenant-database-unavailable after 5 s instead of waiting for
   * the driver to give up (20 s). The work itself is not stopped, so not for jobs, which would run twice at once.
   */
  readonly answerInTime?: boolean;
}

export interface OpenTenantsOptions {
  readonly pool: ClusterPool;
  /** Most tenants kept open. */
  readonly capacity: number;
  /** How long the central database's word on a tenant is believed, in ms. */
  readonly freshMs: number;
}

export class OpenTenants {
  /** In order of use, the least recently used first. */
  private readonly entries = new Map<ClientCode, Entry>();
  private readonly holding = new AsyncLocalStorage<ReadonlyMap<ClientCode, Tenant>>();

  constructor(private readonly options: OpenTenantsOptions) {}

  /**
   * Runs `work` with the tenant's connection held: it is neither evicted nor swapped under it, even when the tenant's
   * data source is rotated meanwhile. Everything that serves a request or a job of a tenant runs inside.
   * @throws AppError client-suspended, tenant-database-unavailable (also for what `work` met on its way to the
   *   database), service-unavailable (the same for the central database), not-found (no such client).
   */
  async withTenant<T>(
    clientCode: ClientCode,
    work: () => Promise<T>,
    options: WithTenantOptions = {},
  ): Promise<T> {
    const outer = this.holding.getStore();
    if (outer?.has(clientCode)) return work();
    const tenant = await this.take(clientCode, options);
    try {
      await tenant.handle.whenReachable();
    } catch (error) {
      this.letGo(tenant);
      throw this.explained(error, tenant);
    }
    const held = new Map([...(outer ?? []), [clientCode, tenant]]);
    const running = this.holding.run(held, work).finally(() => this.letGo(tenant));
    try {
      return await (options.answerInTime ? answeredInTime(tenant.handle, running) : running);
    } catch (error) {
      throw this.explained(error, tenant);
    }
  }

  /** The tenant's connection: the held one inside `withTenant`, else the current one. Throws as `withTenant` does. */
  async connection(clientCode: ClientCode): Promise<Connection> {
    const held = this.holding.getStore()?.get(clientCode);
    if (held) return held.handle.connection;
    const tenant = await this.take(clientCode, {});
    this.letGo(tenant);
    return tenant.handle.connection;
  }

  /** Makes the next use of a tenant ask the central database again. */
  expire(clientCode: ClientCode): void {
    const tenant = this.entries.get(clientCode)?.tenant;
    if (tenant) tenant.freshUntil = 0;
  }

  /** Lets go of a tenant: of a client that leaves, or of every client when the pool is closed. */
  forget(clientCode: ClientCode): void {
    const tenant = this.entries.get(clientCode)?.tenant;
    this.entries.delete(clientCode);
    if (tenant) this.retire(tenant);
  }

  /** Codes of the tenants that are open or opening, the least recently used first. */
  get open(): ClientCode[] {
    return [...this.entries.keys()];
  }

  /** Finds or opens the tenant, fresh and allowed, and counts the caller as holding it. */
  private async take(clientCode: ClientCode, options: WithTenantOptions): Promise<Tenant> {
    for (;;) {
      const entry = this.entries.get(clientCode) ?? this.begin(clientCode);
      await entry.opening;
      const { tenant } = entry;
      if (!tenant || tenant.retired) continue;
      if (tenant.freshUntil <= Date.now()) {
        entry.refreshing ??= this.refresh(entry, tenant).finally(() => {
          entry.refreshing = undefined;
        });
        await entry.refreshing;
        continue;
      }
      refuseUnlessActive(tenant.source, options);
      // From here to the return nothing is awaited: what is found fresh is what is held.
      tenant.held += 1;
      this.entries.delete(clientCode);
      this.entries.set(clientCode, entry);
      this.shrink();
      return tenant;
    }
  }

  /** Starts opening a tenant, for everybody who asks meanwhile. A failure is not kept. */
  private begin(clientCode: ClientCode): Entry {
    const open = async (): Promise<void> => {
      try {
        const source = await readTenantSource(clientCode);
        const tenant = this.tenantOn(source, await openTenantDatabase(this.options.pool, source));
        entry.tenant = tenant;
        if (this.entries.get(clientCode) !== entry) this.retire(tenant);
      } catch (error) {
        if (this.entries.get(clientCode) === entry) this.entries.delete(clientCode);
        throw error;
      }
    };
    const entry: Entry = { opening: Promise.resolve().then(open) };
    this.entries.set(clientCode, entry);
    return entry;
  }

  /** Asks the central database again; on a rotation opens the new place before the old one is let go. */
  private async refresh(entry: Entry, tenant: Tenant): Promise<void> {
    const { clientCode } = tenant.source;
    const source = await readTenantSource(clientCode).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "not-found") this.forget(clientCode);
      throw error;
    });
    if (source.uri === tenant.source.uri && source.dbName === tenant.source.dbName) {
      tenant.source = source;
      tenant.freshUntil = this.freshUntil();
      return;
    }
    const next = this.tenantOn(source, await openTenantDatabase(this.options.pool, source));
    if (tenant.retired) {
      this.retire(next);
      return;
    }
    entry.tenant = next;
    this.retire(tenant);
  }

  private tenantOn(source: TenantSource, handle: DatabaseHandle): Tenant {
    return { source, handle, freshUntil: this.freshUntil(), held: 0, retired: false };
  }

  /** Up to a tenth earlier than allowed, so that containers do not all ask at once. */
  private freshUntil(): number {
    return Date.now() + this.options.freshMs * (0.9 + Math.random() * 0.1);
  }

  private shrink(): void {
    let surplus = this.entries.size - this.options.capacity;
    for (const [clientCode, { tenant, refreshing }] of this.entries) {
      if (surplus <= 0) return;
      if (!tenant || tenant.held > 0 || refreshing) continue;
      this.entries.delete(clientCode);
      this.retire(tenant);
      surplus -= 1;
    }
  }

  private retire(tenant: Tenant): void {
    tenant.retired = true;
    this.releaseIfDone(tenant);
  }

  private letGo(tenant: Tenant): void {
    tenant.held -= 1;
    this.releaseIfDone(tenant);
    this.shrink();
  }

  private releaseIfDone(tenant: Tenant): void {
    if (!tenant.retired || tenant.held > 0) return;
    tenant.held = Number.NEGATIVE_INFINITY; // released once, however often we come here
    tenant.handle.release().catch((error: unknown) => {
      rootLogger().warn("A tenant's client did not close.", { clusterId: tenant.handle.clusterId }, error);
    });
  }

  private explained(error: unknown, tenant: Tenant): unknown {
    if (error instanceof AppError) return error;
    if (isAuthenticationFailure(error)) {
      tenant.freshUntil = 0;
      return databaseUnavailable(error);
    }
    if (!isUnreachable(error)) return error;
    if (!tenant.handle.isReachable()) return databaseUnavailable(error);
    return new AppError("service-unavailable", "A database did not answer. Try again in a few seconds.", {
      cause: error,
      retryAfterSeconds: 5,
    });
  }
}

/**
 * The result of `running`, or after 5 s, when the database has been silent for two of them, the word that it is.
 * A database that answers is waited for, however long the work takes.
 */
async function answeredInTime<T>(handle: DatabaseHandle, running: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const look = (): void => {
      if (handle.silentForMs() < silentMs) {
        timer = setTimeout(look, 500);
        return;
      }
      const error = databaseUnavailable(new Error("The database fell silent while a request was served."));
      handle.giveUp(error);
      reject(error);
    };
    timer = setTimeout(look, answerMs);
  });
  try {
    return await Promise.race([running, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function refuseUnlessActive({ status }: TenantSource, options: WithTenantOptions): void {
  if (status === "active" || (status === "suspended" && options.evenSuspended)) return;
  const detail = {
    provisioning: "This client is still being set up.",
    suspended: "This client is suspended. Its data is kept; the platform team can resume it.",
    offboarding: "This client is leaving the platform.",
  }[status];
  throw new AppError("client-suspended", detail);
}
