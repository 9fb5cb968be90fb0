import { acme, at, codeOf, type Harness, other, startHarness, textAt } from "./graph.harness";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

test("no token, an unknown one and a revoked one are 190 with HTTP 401", async () => {
  const path = `/v24.0/${acme.phoneNumberId}`;
  for (const token of [null, "nobody"]) {
    expect(await harness.call("GET", path, undefined, token)).toMatchObject({
      status: 401,
      json: { error: { code: 190, type: "OAuthException" } },
    });
  }
  await harness.sim("/tokens", { phoneNumberId: acme.phoneNumberId, valid: false });
  expect(codeOf(await harness.call("GET", path))).toBe(190);
  expect(
    codeOf(await harness.call("GET", `/v24.0/${other.phoneNumberId}`, undefined, other.token)),
  ).toBeUndefined();
  await harness.sim("/tokens", { phoneNumberId: acme.phoneNumberId, valid: true });
  expect((await harness.call("GET", path)).status).toBe(200);
});

test("another tenant's number looks like one that does not exist", async () => {
  const foreign = await harness.call("GET", `/v24.0/${other.phoneNumberId}`);
  const missing = await harness.call("GET", "/v24.0/999");
  expect(foreign).toMatchObject({ status: 400, json: { error: { code: 100, error_subcode: 33 } } });
  expect(textAt(foreign.json, "error.message").replace(other.phoneNumberId, "X")).toBe(
    textAt(missing.json, "error.message").replace("999", "X"),
  );
});

test("a number says what is asked of it", async () => {
  const fields =
    "verified_name,display_phone_number,quality_rating,throughput,name_status,webhook_configuration";
  const { json } = await harness.call("GET", `/v24.0/${acme.phoneNumberId}?fields=${fields}`);
  expect(json).toEqual({
    id: acme.phoneNumberId,
    verified_name: "Acme",
    display_phone_number: "+15550001111",
    quality_rating: "GREEN",
    name_status: "APPROVED",
    throughput: { level: "STANDARD" },
    webhook_configuration: { application: harness.hookUrl },
  });
});

test("a WABA lists its numbers and its subscribed app", async () => {
  const numbers = await harness.call("GET", `/v24.0/${acme.wabaId}/phone_numbers`);
  expect(at(numbers.json, "data")).toMatchObject([{ id: acme.phoneNumberId, verified_name: "Acme" }]);
  const apps = await harness.call("GET", `/v24.0/${acme.wabaId}/subscribed_apps`);
  expect(at(apps.json, "data.0.whatsapp_business_api_data.id")).toEqual(expect.any(String));
  expect((await harness.call("GET", `/v24.0/${acme.wabaId}?fields=name`)).json).toEqual({
    id: acme.wabaId,
    name: "Acme",
  });
});

test("a code becomes a token, and a token says what it reaches", async () => {
  const { json } = await harness.call("GET", `/v24.0/${acme.wabaId}/subscribed_apps`);
  const appId = textAt(json, "data.0.whatsapp_business_api_data.id");
  const exchange = (secret: string) =>
    harness.call(
      "GET",
      `/v24.0/oauth/access_token?client_id=${appId}&client_secret=${secret}&code=code-${acme.phoneNumberId}`,
      undefined,
      null,
    );
  expect(codeOf(await exchange("wrong"))).toBe(1);
  expect((await exchange("harness-app-secret")).json).toMatchObject({ access_token: acme.token });
  const debug = await harness.call("GET", `/v24.0/debug_token?input_token=${acme.token}`);
  expect(at(debug.json, "data")).toMatchObject({
    is_valid: true,
    granular_scopes: [{ target_ids: [acme.wabaId] }, {}],
  });
});

test("a resumable upload gives the handle of a template's example", async () => {
  const { json } = await harness.call("GET", `/v24.0/${acme.wabaId}/subscribed_apps`);
  const appId = textAt(json, "data.0.whatsapp_business_api_data.id");
  const session = await harness.call("POST", `/v24.0/${appId}/uploads?file_length=5&file_type=image/png`);
  const finish = (body: string) =>
    fetch(`${harness.graph.url}/v24.0/${textAt(session.json, "id")}`, {
      method: "POST",
      headers: { authorization: `OAuth ${acme.token}`, file_offset: "0" },
      body,
    });
  expect((await finish("six by")).status).toBe(400);
  expect(await (await finish("bytes")).json()).toEqual({ h: expect.stringMatching(/^4::/) });
});

test("an unknown edge is 2500, whatever is called on it", async () => {
  expect(codeOf(await harness.call("GET", `/v24.0/${acme.phoneNumberId}/messages`))).toBe(2500);
  expect(codeOf(await harness.call("POST", `/v24.0/${acme.phoneNumberId}/constructor`, {}))).toBe(2500);
});

test("a number's own callback is shown after it was verified", async () => {
  const configure = (verify_token: string) =>
    harness.call("POST", `/v24.0/${acme.phoneNumberId}`, {
      webhook_configuration: { override_callback_uri: `${harness.hookUrl}/number`, verify_token },
    });
  expect(codeOf(await configure("wrong"))).toBe(2200);
  expect((await configure("harness-verify-token")).json).toEqual({ success: true });
  const { json } = await harness.call("GET", `/v24.0/${acme.phoneNumberId}?fields=webhook_configuration`);
  expect(at(json, "webhook_configuration.phone_number")).toBe(`${harness.hookUrl}/number`);
});

test("what Meta decides about a number is told in webhooks, and by the number itself", async () => {
  const { phoneNumberId } = acme;
  await harness.sim("/numbers", { phoneNumberId, quality: "RED", messagingLimit: "TIER_250" });
  const fields = "quality_rating,whatsapp_business_manager_messaging_limit";
  const { json } = await harness.call("GET", `/v24.0/${phoneNumberId}?fields=${fields}`);
  expect(json).toMatchObject({
    quality_rating: "RED",
    whatsapp_business_manager_messaging_limit: "TIER_250",
  });
  const told = await harness.webhooks(
    1,
    (each) => at(each.json, "entry.0.changes.0.value.event") === "FLAGGED",
  );
  expect(textAt(told[0]?.json, "entry.0.changes.0.field")).toBe("phone_number_quality_update");
  await harness.sim("/numbers", { phoneNumberId, quality: "GREEN", silent: true });
  expect((await harness.sim("/numbers", { phoneNumberId: "1" })).status).toBe(404);
});

test("any event of an account is sent as Meta sends it", async () => {
  const value = {
    event: "ACCOUNT_RESTRICTION",
    restriction_info: [{ restriction_type: "X", expiration: 1 }],
  };
  await harness.sim("/events", { wabaId: acme.wabaId, field: "account_update", value });
  const [told] = await harness.webhooks(
    1,
    (each) => at(each.json, "entry.0.changes.0.field") === "account_update",
  );
  expect(told?.json).toMatchObject({ entry: [{ id: acme.wabaId, changes: [{ value }] }] });
  expect((await harness.sim("/events", { wabaId: "1", field: "x", value: {} })).status).toBe(404);
});
