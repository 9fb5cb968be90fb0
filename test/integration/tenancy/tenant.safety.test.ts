import { Types, trusted } from "mongoose";
import type { ClientCode } from "../../../src/contracts/common.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import type { CrmModels } from "../../../src/lib/tenant/get.crm.model";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { bindChannelRoute, resolveChannelRoute } from "../../../src/services/clients/data.source.service";
import { readSecret, writeSecret } from "../../../src/services/clients/secret.service";
import { createTenant, platformContext } from "../../builders/client.builder";

describe("what keeps tenants and their filters safe", () => {
  let one: { clientCode: ClientCode; models: CrmModels };
  let two: { clientCode: ClientCode; models: CrmModels };

  beforeAll(async () => {
    one = await createTenant();
    two = await createTenant();
    await one.models.Counter.insertMany([
      { _id: "a", value: 1 },
      { _id: "b", value: 2 },
    ]);
  });
  afterAll(closeAllConnections);

  /** A filter as a caller might send it: parsed JSON, which passes any type. */
  function sent(value: unknown) {
    return JSON.parse(JSON.stringify(value));
  }

  test("an operator that a caller slips into a filter is not obeyed", async () => {
    const { Counter } = one.models;
    expect(await Counter.find({ _id: trusted({ $ne: "a" }) }).lean()).toHaveLength(1);
    await expect(Counter.find({ _id: sent({ $ne: "a" }) }).lean()).rejects.toThrow("Cast to string failed");
    await expect(Counter.deleteMany({ value: sent({ $gt: 0 }) })).rejects.toThrow("Cast to Number failed");
    await expect(Counter.findOne(sent({ $where: "true" }))).rejects.toThrow("not allowed");
    await expect(Counter.findOne(sent({ $expr: { $eq: [1, 1] } }))).rejects.toThrow("not allowed");
    expect(await Counter.countDocuments({})).toBe(2);
  });

  test("a filter by an unknown field throws instead of finding the first row", async () => {
    await expect(one.models.Lead.findOne(sent({ nickname: "x" }))).rejects.toThrow("strictQuery");
    const { Client } = await getCentralModels();
    await expect(Client.findOne(sent({ code: "x" }))).rejects.toThrow("strictQuery");
  });

  test("a field that the schema does not have is refused, not stored", async () => {
    await expect(one.models.Counter.create(sent({ _id: "c", value: 1, secret: 1 }))).rejects.toThrow(
      "strict",
    );
  });

  test("another tenant's id finds nothing, and nothing of it changes", async () => {
    const missing = await two.models.Counter.findById("a").lean();
    expect(missing).toBeNull();
    const { modifiedCount } = await two.models.Counter.updateOne({ _id: "a" }, { $set: { value: 9 } });
    expect(modifiedCount).toBe(0);
    expect(await one.models.Counter.findById("a").lean()).toMatchObject({ value: 1 });
  });

  test("secrets are stored sealed, are replaced by a newer value, and do not open for another tenant", async () => {
    await writeSecret(one.clientCode, "whatsapp.token:1", "first token");
    await writeSecret(one.clientCode, "whatsapp.token:1", "second token");
    expect(await readSecret(one.clientCode, "whatsapp.token:1")).toBe("second token");
    expect(await readSecret(two.clientCode, "whatsapp.token:1")).toBeNull();
    const { Secret } = await getCentralModels();
    const row = await Secret.findOne({ clientCode: one.clientCode }).lean();
    expect(JSON.stringify(row)).not.toContain('token":"');
    await Secret.insertMany([
      {
        clientCode: two.clientCode,
        name: "whatsapp.token:1",
        envelope: row?.envelope,
        version: 1,
        createdAt: new Date(),
        updatedAt: new Date(),
      },
    ]);
    await expect(readSecret(two.clientCode, "whatsapp.token:1")).rejects.toThrow("does not open");
  });

  test("a number belongs to one tenant and one endpoint, and nobody else can take it", async () => {
    const routeKey = `pn:${new Types.ObjectId().toHexString()}` as const;
    const { clientCode } = one;
    expect(await resolveChannelRoute(routeKey, "default")).toEqual({ unknown: true });
    await bindChannelRoute(platformContext(), { routeKey, clientCode, endpointId: "default" });
    await bindChannelRoute(platformContext(), { routeKey, clientCode, endpointId: "default" });
    expect(await resolveChannelRoute(routeKey, "default")).toEqual({ clientCode });
    expect(await resolveChannelRoute(routeKey, "another")).toEqual({ wrongEndpoint: true });
    await expect(
      bindChannelRoute(platformContext(), { routeKey, clientCode: two.clientCode, endpointId: "default" }),
    ).rejects.toMatchObject({ code: "duplicate" });
    expect(await resolveChannelRoute(routeKey, "default")).toEqual({ clientCode });
    // Its own tenant may move it to another endpoint of theirs; the one before gives way.
    await bindChannelRoute(platformContext(), { routeKey, clientCode, endpointId: "another" });
    expect(await resolveChannelRoute(routeKey, "another")).toEqual({ clientCode });
    expect(await resolveChannelRoute(routeKey, "default")).toEqual({ wrongEndpoint: true });
  });
});
