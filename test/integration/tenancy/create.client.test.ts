import { trusted } from "mongoose";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { getCrmModels } from "../../../src/lib/tenant/get.crm.model";
import { tenantMigrations } from "../../../src/lib/tenant/migrations";
import { closeAllConnections, withTenant } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { central } from "../../setup/central";

describe("creating a client", () => {
  afterAll(closeAllConnections);

  test("makes its row, its database with settings, and a key of which only a hash is kept", async () => {
    const { clientCode, apiKey, models } = await createTenant("acme");
    expect(apiKey).toMatch(/^ecod_test_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}$/);
    expect(await models.TenantSettings.findOne({}).lean()).toMatchObject({ name: "Client acme" });

    const { Client, ClientDataSource } = await getCentralModels();
    const client = await Client.findOne({ clientCode }).lean();
    expect(client).toMatchObject({ status: "active", apiKeys: [{ keyId: apiKey.split("_")[2] }] });
    expect(JSON.stringify(client)).not.toContain(apiKey.split("_")[3]);
    const source = await ClientDataSource.findOne({ clientCode }).lean();
    expect(source).toMatchObject({
      dbName: central.tenantDatabase("acme"),
      migrated: tenantMigrations.map(({ id }) => id),
    });
    expect(JSON.stringify(source)).not.toContain(central.uri);
  });

  test("keeps the rows of two clients apart", async () => {
    const one = await createTenant();
    const two = await createTenant();
    await one.models.Counter.create({ _id: "events", value: 1 });
    expect(await two.models.Counter.countDocuments({})).toBe(0);
    await withTenant(one.clientCode, async () => {
      const { Counter } = await getCrmModels(one.clientCode);
      expect(await Counter.findOne({ value: trusted({ $gte: 1 }) }).lean()).toMatchObject({ value: 1 });
    });
  });

  test("is refused for a code that is taken", async () => {
    await createTenant("twice");
    await expect(createTenant("twice")).rejects.toMatchObject({ code: "duplicate" });
  });
});
