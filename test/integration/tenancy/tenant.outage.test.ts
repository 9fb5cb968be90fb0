import type { ClientCode } from "../../../src/contracts/common.contract";
import { getCrmModels } from "../../../src/lib/tenant/get.crm.model";
import { closeAllConnections, withTenant } from "../../../src/lib/tenant/tenant.registry";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { central } from "../../setup/central";
import { FaultProxy } from "./fault.proxy";

const unavailable = { code: "tenant-database-unavailable", status: 503 };

async function countLeads(clientCode: ClientCode): Promise<number> {
  const count = async (): Promise<number> => {
    const { Lead } = await getCrmModels(clientCode);
    return Lead.countDocuments({});
  };
  return withTenant(clientCode, count, { answerInTime: true });
}

async function refusedAfterMs(clientCode: ClientCode): Promise<number> {
  const began = Date.now();
  await expect(countLeads(clientCode)).rejects.toMatchObject(unavailable);
  return Date.now() - began;
}

describe("a tenant whose database is down", () => {
  const proxy = new FaultProxy(Number(new URL(central.uri).port));
  let away: ClientCode;
  let healthy: ClientCode;

  beforeAll(async () => {
    await proxy.open();
    away = (await createTenant("away", { uri: proxy.uri })).clientCode;
    healthy = (await createTenant("healthy")).clientCode;
  });
  beforeEach(async () => {
    await closeAllConnections();
  });
  afterAll(async () => {
    proxy.thaw();
    await closeAllConnections();
    await proxy.cut();
  });

  test("gets 503 in under 6 s when nobody listens there, while another tenant is served", async () => {
    await proxy.cut();
    const [afterMs] = await Promise.all([refusedAfterMs(away), countLeads(healthy)]);
    expect(afterMs).toBeLessThan(6_000);
    // For some seconds the failure is remembered, so that a storm does not wait.
    expect(await refusedAfterMs(away)).toBeLessThan(500);
    await proxy.open();
  });

  test("answers its callers with 503, Retry-After and a request id, and not a word of the driver's", async () => {
    const { clientCode, apiKey } = await createTenant("caller", { uri: proxy.uri });
    const caller = new ApiClient(lambdaTransport(leadRoutes), keysOf({ clientCode, apiKey }));
    const body = { firstName: "Ana", phone: "+351912345678" };
    expect((await caller.post("/api/crm/leads", body)).status).toBe(201);
    await proxy.cut();
    for (const answer of [await caller.get("/api/crm/leads"), await caller.post("/api/crm/leads", body)]) {
      expect(answer.problem()).toMatchObject({
        status: 503,
        code: expect.stringMatching(/^(tenant-database|service)-unavailable$/),
        requestId: answer.headers["x-request-id"],
      });
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect(answer.bytes.toString()).not.toMatch(/mongo|ECONN|127\.0\.0\.1|at .+:\d+|351912345678/i);
    }
    await proxy.open();
  });

  test("gets 503 in under 6 s when it is cut while connections are open, and is served again soon after", async () => {
    expect(await countLeads(away)).toBe(0);
    await proxy.cut();
    expect(await refusedAfterMs(away)).toBeLessThan(6_000);
    expect(await refusedAfterMs(away)).toBeLessThan(6_000);
    expect(await countLeads(healthy)).toBe(0);
    await proxy.open();
    await expect(eventually(() => countLeads(away))).resolves.toBe(0);
  });

  test("gets 503 in under 6 s when it takes connections but never answers", async () => {
    proxy.freeze();
    expect(await refusedAfterMs(away)).toBeLessThan(6_000);
    proxy.thaw();
  });

  test("gets 503 in under 6 s when it stops answering while connections are open", async () => {
    expect(await countLeads(away)).toBe(0);
    proxy.freeze();
    const afterMs = await refusedAfterMs(away);
    expect(await countLeads(healthy)).toBe(0);
    proxy.thaw();
    expect(afterMs).toBeLessThan(6_000);
  });
});

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const until = Date.now() + 15_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
  }
}
