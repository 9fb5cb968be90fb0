import { setTimeout as pause } from "node:timers/promises";
import { acme, at, codeOf, fieldOf, type Harness, other, startHarness, textAt } from "./graph.harness";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const path = `/v24.0/${acme.wabaId}/message_templates`;
const list = (query = "") => harness.call("GET", `${path}?${query}`);
const create = (more: Record<string, unknown> = {}) =>
  harness.call("POST", path, {
    name: "news",
    language: "en_US",
    category: "utility",
    components: [{ type: "BODY", text: "Hi {{1}}, here is your news.", example: { body_text: [["Ana"]] } }],
    ...more,
  });
const namesIn = (json: unknown) => {
  const data = at(json, "data");
  return Array.isArray(data) ? data.map((template: unknown) => at(template, "name")) : [];
};
const subcodeOf = (called: { json: unknown }) => at(called.json, "error.error_subcode");
const bodies = (text: string) => ({ components: [{ type: "BODY", text }] });

test("cursors lead through every template once, and the last page has no next", async () => {
  const all = namesIn((await list("limit=100")).json);
  const seen: unknown[] = [];
  let query = "limit=3";
  for (;;) {
    const { json } = await list(query);
    seen.push(...namesIn(json));
    const next = at(json, "paging.next");
    if (next === undefined) break;
    expect(next).not.toContain(acme.token);
    query = `limit=3&after=${textAt(json, "paging.cursors.after")}`;
  }
  expect(seen).toEqual(all);
  expect(new Set(seen).size).toBe(all.length);
  const back = await list(`limit=2&before=${textAt((await list("limit=4")).json, "paging.cursors.after")}`);
  expect(namesIn(back.json)).toEqual(all.slice(1, 3));
  expect(codeOf(await list("after=bm90aGluZw"))).toBe(100);
});

test("fields and filters are obeyed, and an empty answer has no paging", async () => {
  const { json } = await list("fields=name,status&status=PAUSED");
  expect(json).toMatchObject({ data: [{ name: "paused_offer", status: "PAUSED" }] });
  expect(Object.keys(Object(at(json, "data.0"))).sort()).toEqual(["id", "name", "status"]);
  expect((await list("name=nobody")).json).toEqual({ data: [] });
  expect(namesIn((await list("category=AUTHENTICATION")).json)).toEqual(["login_code"]);
  const full = await list(
    "name=welcome&fields=name,components,quality_score,rejected_reason,parameter_format",
  );
  expect(at(full.json, "data.0")).toMatchObject({
    parameter_format: "NAMED",
    quality_score: { score: "UNKNOWN" },
    rejected_reason: "NONE",
  });
});

test("a template is pending, then approved, and the webhook has its id as a number above 2^53", async () => {
  const created = await create();
  expect(created.json).toMatchObject({ status: "PENDING", category: "UTILITY" });
  const id = textAt(created.json, "id");
  const [webhook] = await harness.webhooks(1, (one) => fieldOf(one) === "message_template_status_update");
  expect(webhook?.bytes.toString()).toContain(`"message_template_id":${id}`);
  expect(BigInt(id) > 2n ** 53n).toBe(true);
  expect(at(webhook?.json, "entry.0.changes.0.value")).toMatchObject({ event: "APPROVED", reason: "NONE" });
  expect(at(webhook?.json, "entry.0.time")).toEqual(expect.any(Number));
  expect((await harness.call("GET", `/v24.0/${id}?fields=status`)).json).toEqual({ id, status: "APPROVED" });
});

test("a review can refuse, with its reason, or wait for a person", async () => {
  await harness.sim("/settings", { review: { decision: "REJECTED", afterMs: 0, reason: "INVALID_FORMAT" } });
  const id = textAt((await create()).json, "id");
  const [webhook] = await harness.webhooks(1);
  expect(at(webhook?.json, "entry.0.changes.0.value")).toMatchObject({
    event: "REJECTED",
    reason: "INVALID_FORMAT",
    rejection_info: { recommendation: expect.any(String) },
  });
  await harness.sim("/settings", { review: { decision: "MANUAL", afterMs: 0 } });
  await harness.call("POST", `/v24.0/${id}`, bodies("Hello there, a new text."));
  await pause(50);
  expect((await harness.call("GET", `/v24.0/${id}?fields=status`)).json).toMatchObject({ status: "PENDING" });
  await harness.sim("/templates", { wabaId: acme.wabaId, name: "news", status: "APPROVED" });
  await harness.webhooks(2);
});

test.each([
  ["a name in capitals", { name: "News" }, undefined],
  ["an unknown category", { category: "NEWS" }, undefined],
  ["no body", { components: [{ type: "FOOTER", text: "x" }] }, 2388043],
  ["a body above 1024", bodies("x".repeat(1025)), 2388040],
  ["a variable without an example", bodies("Hello {{1}}, how are you today?"), 2388043],
  [
    "a picture without an example",
    {
      components: [
        { type: "HEADER", format: "IMAGE" },
        { type: "BODY", text: "Hello" },
      ],
    },
    2388043,
  ],
  ["a variable at the start", bodies("{{1}} hello to you my friend"), 2388299],
  ["a variable at the end", bodies("hello to you my friend {{1}}"), 2388299],
  ["more variables than words", bodies("Hi {{1}} and {{2}} or {{3}} so"), 2388293],
  ["variables side by side", bodies("hello my dear {{1}}{{2}} friend of mine"), 2388072],
  ["a gap in the numbers", bodies("hello my dear {{1}} and {{3}} friend of mine today"), 2388072],
  [
    "two header variables",
    {
      components: [
        { type: "HEADER", format: "TEXT", text: "{{1}} {{2}}" },
        { type: "BODY", text: "Hello" },
      ],
    },
    2388047,
  ],
  [
    "a variable in the footer",
    {
      components: [
        { type: "BODY", text: "Hello" },
        { type: "FOOTER", text: "{{1}}" },
      ],
    },
    2388073,
  ],
  [
    "three links",
    {
      components: [
        { type: "BODY", text: "Hello" },
        {
          type: "BUTTONS",
          buttons: [1, 2, 3].map((n) => ({ type: "URL", text: `Go ${n}`, url: "https://acme.example/" })),
        },
      ],
    },
    2388073,
  ],
])("creation is refused: %s", async (_, more, subcode) => {
  const refused = await create(more);
  expect(codeOf(refused)).toBe(100);
  expect(subcodeOf(refused)).toBe(subcode);
});

test("the same name and language again is 2388024, another language is not", async () => {
  await create();
  expect(subcodeOf(await create())).toBe(2388024);
  expect((await create({ language: "pt_BR" })).status).toBe(200);
});

test("an approved template is edited once in 24 hours, and never its category", async () => {
  const id = textAt((await create()).json, "id");
  await harness.webhooks(1);
  const edit = (body: unknown) => harness.call("POST", `/v24.0/${id}`, body);
  expect(subcodeOf(await edit({ category: "MARKETING" }))).toBe(2388039);
  expect((await edit(bodies("Hello there, a new text."))).json).toEqual({ success: true });
  expect(subcodeOf(await edit(bodies("Hello there, another text.")))).toBe(2388039);
  await harness.webhooks(2);
  expect(subcodeOf(await edit(bodies("Hello there, another text.")))).toBe(2388039);
  await harness.sim("/clock", { offsetMs: 25 * 3_600_000 });
  expect((await edit(bodies("Hello there, another text."))).status).toBe(200);
  expect(codeOf(await edit({ name: "other" }))).toBe(100);
});

test("deleting by name takes every language, by id one; the name is blocked for 30 days", async () => {
  await create();
  await create({ language: "pt_BR" });
  await harness.webhooks(2);
  const remove = (query: string) => harness.call("DELETE", `${path}?${query}`);
  const portuguese = textAt((await list("name=news&language=pt_BR")).json, "data.0.id");
  expect((await remove(`hsm_id=${portuguese}&name=news`)).json).toEqual({ success: true });
  expect(namesIn((await list("name=news")).json)).toEqual(["news"]);
  expect((await remove("name=news")).json).toEqual({ success: true });
  expect((await list("name=news")).json).toEqual({ data: [] });
  expect(subcodeOf(await remove("name=news"))).toBe(2593002);
  expect(subcodeOf(await create())).toBe(2388023);
  await harness.sim("/clock", { offsetMs: 31 * 24 * 3_600_000 });
  expect((await create()).status).toBe(200);
});

test("a list of ids is deleted wholly or not at all", async () => {
  const all = at((await list("limit=100")).json, "data");
  const ids = Array.isArray(all) ? all.slice(0, 2).map((template: unknown) => textAt(template, "id")) : [];
  const remove = (list: string[]) => harness.call("DELETE", `${path}?hsm_ids=[${list.join(",")}]`);
  expect(subcodeOf(await remove([...ids, "1"]))).toBe(2593002);
  expect(namesIn((await list("limit=100")).json)).toContain("welcome");
  expect((await remove(ids)).status).toBe(200);
  expect(namesIn((await list("limit=100")).json)).not.toContain("welcome");
});

test("quality, pause and a new category are told by webhooks", async () => {
  const change = (more: Record<string, unknown>) =>
    harness.sim("/templates", { wabaId: acme.wabaId, name: "welcome", ...more });
  await change({ quality: "YELLOW" });
  await change({ status: "PAUSED" });
  await change({ category: "MARKETING" });
  const values = (await harness.webhooks(3)).map(({ json }) => at(json, "entry.0.changes.0"));
  expect(values).toMatchObject([
    {
      field: "message_template_quality_update",
      value: { previous_quality_score: "UNKNOWN", new_quality_score: "YELLOW" },
    },
    {
      field: "message_template_status_update",
      value: { event: "PAUSED", other_info: { title: "FIRST_PAUSE" } },
    },
    { field: "template_category_update", value: { previous_category: "UTILITY", new_category: "MARKETING" } },
  ]);
});

test("another WABA's templates are not there for this token", async () => {
  const foreign = await harness.call("GET", `/v24.0/${other.wabaId}/message_templates`);
  expect(foreign).toMatchObject({ status: 400, json: { error: { code: 100, error_subcode: 33 } } });
  const own = await harness.call("GET", `/v24.0/${other.wabaId}/message_templates`, undefined, other.token);
  const id = textAt(own.json, "data.0.id");
  expect(codeOf(await harness.call("GET", `/v24.0/${id}`))).toBe(100);
  expect(codeOf(await harness.call("POST", `/v24.0/${id}`, bodies("Taken over by another")))).toBe(100);
});

test("management calls above the hourly limit are 80007", async () => {
  await harness.sim("/settings", { managementPerHour: 2 });
  await list();
  await list();
  expect(codeOf(await list())).toBe(80007);
});
