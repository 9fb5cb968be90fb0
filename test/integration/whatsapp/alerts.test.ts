/** Alerts: one per cause, seen and closed by the platform team, closed by itself when the number works again. */
import { alertSchema } from "../../../src/contracts/alert.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { adminAlertRoutes } from "../../../src/routes/admin/alerts.routes";
import { createAdminKey } from "../../../src/services/clients/admin.key.service";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
import { pauseConnection } from "../../../src/services/saas/whatsapp/pause.connection";
import { raiseAlert } from "../../../src/services/saas/whatsapp/raise.alert";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import { platformContext } from "../../builders/client.builder";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let admin: ApiClient;

beforeAll(async () => {
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
  const { key } = await createAdminKey(platformContext(), { name: "anna" });
  admin = new ApiClient(lambdaTransport(adminAlertRoutes), { "x-admin-key": key });
});
afterAll(() => stack.close());

const list = async (query = "") =>
  (await admin.get(`/api/admin/alerts?${query}`)).as(pageSchema(alertSchema));

test("a paused number is one alert however often it is met, and closes when it is connected again", async () => {
  const connection = await tenant.models.Connection.findOne({}).orFail();
  for (let times = 0; times < 3; times += 1) await pauseConnection(tenant.ctx, connection._id, "No access.");
  const { clientCode } = tenant.ctx;
  expect((await list(`clientCode=${clientCode}`)).data).toMatchObject([
    { clientCode, code: "whatsapp-number-paused", ref: tenant.connectionId, state: "open", count: 3 },
  ]);
  await connectNumber(tenant.ctx, tenant.number);
  expect((await list(`clientCode=${clientCode}`)).data).toEqual([]);
  expect((await list(`clientCode=${clientCode}&state=closed`)).data).toHaveLength(1);
});

test("alerts are listed by page and kind, and closed by hand until they happen again", async () => {
  const { clientCode } = tenant.ctx;
  const draft = (ref: string) => ({ clientCode, code: "test-kind", ref, detail: "Look at it." });
  for (const ref of ["a", "b", "c"]) await raiseAlert(draft(ref));
  const first = await list("code=test-kind&limit=2");
  expect(first).toMatchObject({ data: { length: 2 }, hasMore: true });
  const cursor = encodeURIComponent(first.nextCursor ?? "");
  const second = await list(`code=test-kind&limit=2&cursor=${cursor}`);
  expect([...first.data, ...second.data].map(({ ref }) => ref).toSorted()).toEqual(["a", "b", "c"]);
  const id = first.data[0]?.id ?? "";
  const close = () => admin.post(`/api/admin/alerts/${id}/close`);
  expect((await close()).as(alertSchema).state).toBe("closed");
  expect((await close()).as(alertSchema).state).toBe("closed");
  expect((await list("code=test-kind")).data).toHaveLength(2);
  await raiseAlert(draft(first.data[0]?.ref ?? ""));
  expect((await list("code=test-kind")).data).toHaveLength(3);
  expect((await admin.post("/api/admin/alerts/66f0c0ffee66f0c0ffee66f0/close")).status).toBe(404);
});
