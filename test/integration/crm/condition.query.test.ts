/** A condition finds the very leads that it holds for: judged in memory and asked of a real mongod. */
import fc from "fast-check";
import { Types } from "mongoose";
import {
  type Condition,
  conditionSchema,
  type Operator,
  operatorValues,
} from "../../../src/contracts/condition.contract";
import {
  checkCondition,
  conditionToFilter,
  evaluateCondition,
  type FieldType,
} from "../../../src/lib/condition";
import { conditionOperators } from "../../../src/lib/condition/operators";
import { leadSearch } from "../../../src/lib/search/lead.search";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import type { LeadRecord } from "../../../src/model/saas/lead.schema";
import { leadFields } from "../../../src/services/saas/crm/lead.fields";
import { leadScope } from "../../../src/services/saas/crm/lead.scope";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

const now = new Date("2026-11-22T12:00:00.000Z");
const leadsMade = 120;
const conditionsTried = 250;
const declared = [
  { key: "note", type: "text", options: null, filterable: true },
  { key: "size", type: "number", options: null, filterable: true },
  { key: "born", type: "date", options: null, filterable: true },
  { key: "vip", type: "boolean", options: null, filterable: true },
  { key: "colours", type: "multi_select", options: ["Red", "Blue"], filterable: true },
] as const;
const customFields = declared.map((field) => ({ ...field, options: field.options && [...field.options] }));

let tenant: CrmTenant;
beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

// Few values, so that they meet; among them what is hard: case, accents in both forms, sigma, ß, signs, spaces.
const words = [
  "ana",
  "Ana",
  "ANA ",
  "Jos\u00e9",
  "JOSE\u0301",
  "straße",
  "STRASSE",
  "ΟΔΟΣ",
  "οδοσ",
  "a.b*c",
  "$x",
  "a",
  "",
  "10",
  "İz",
];
const text = fc.constantFrom(...words);
const stored = text.map((value) => value.normalize("NFC").trim());
const number = fc.constantFrom(-1, 0, 1, 2.5, 10, 1500);
const time = fc.integer({ min: -5, max: 5 }).map((hours) => new Date(now.getTime() + hours * 12 * 3_600_000));
const day = fc.constantFrom("1990-05-17", "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23");
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const stages = [0, 1, 2].map(() => new Types.ObjectId());
const pipeline = {
  _id: new Types.ObjectId(),
  version: 1,
  createdAt: now,
  updatedAt: now,
  key: "sales",
  name: "Sales",
  isDefault: true,
  currency: "EUR",
  deleting: false,
  stages: stages.map((_id, order) => ({
    _id,
    key: ["new", "ana", "won"][order] ?? "",
    name: ["New", "Ana", "Won"][order] ?? "",
    order,
    type: "open" as const,
    probability: null,
    rottingDays: null,
    wipLimit: null,
    color: null,
    requiredFields: [],
    archived: false,
    closing: null,
  })),
};
const fields = leadFields(customFields, [pipeline]);

const custom = fc.record(
  {
    note: fc.oneof(stored, number),
    size: fc.oneof(number, stored),
    born: day,
    vip: fc.boolean(),
    colours: fc.array(fc.constantFrom("Red", "Blue"), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const changing = fc.record({
  firstName: maybe(stored),
  company: maybe(stored),
  source: maybe(stored),
  ownerId: maybe(fc.constantFrom("ana", "Ana", "10")),
  tags: fc.uniqueArray(
    stored.filter((tag) => tag !== ""),
    { maxLength: 3 },
  ),
  status: fc.constantFrom("open" as const, "won" as const, "lost" as const),
  stageId: maybe(fc.constantFrom(...stages)),
  score: number,
  value: maybe(number.filter((n) => n >= 0).map((amount) => ({ amount, currency: "EUR" }))),
  doNotContact: fc.boolean(),
  lastInboundAt: maybe(time),
  createdAt: time,
  emailLower: maybe(fc.constantFrom("ana@a.b", "jose@a.b")),
  consent: fc.record({
    whatsapp: maybe(fc.record({ optIn: fc.boolean(), at: time, source: fc.constant("api" as const) })),
  }),
  custom,
});

const asked: readonly string[] = [
  ...[
    "firstName",
    "company",
    "source",
    "ownerId",
    "tags",
    "status",
    "stageId",
    "stageKey",
    "stageName",
    "score",
  ],
  ...["value.amount", "doNotContact", "lastInboundAt", "createdAt", "email", "consent.whatsapp.optIn", "id"],
  ...declared.map(({ key }) => `custom.${key}`),
].map((path) => `lead.${path}`);

function plausible(type: FieldType, path: string): fc.Arbitrary<unknown> {
  if (path === "lead.status") return fc.constantFrom("open", "Won", "lost");
  if (path === "lead.custom.colours") return fc.constantFrom("red", "Blue");
  if (path === "lead.stageId" || path === "lead.id")
    return fc.oneof(
      fc.constantFrom(...stages).map((id) => id.toHexString()),
      text,
    );
  switch (type) {
    case "number":
      return fc.oneof(number, fc.constant("10"));
    case "boolean":
      return fc.boolean();
    case "time":
      return fc.oneof(
        time.map((at) => at.toISOString()),
        day,
      );
    case "day":
      return day;
    default:
      return text;
  }
}

const isOperator = (name: string): name is Operator => Object.hasOwn(operatorValues, name);

function valuesOf(op: Operator, type: FieldType, path: string): fc.Arbitrary<object> {
  const one = plausible(type, path);
  switch (operatorValues[op]) {
    case "none":
    case "change":
      return fc.constant({});
    case "one":
      return maybe(one).map((value) => ({ value }));
    case "list":
      return fc.array(maybe(one), { maxLength: 3 }).map((value) => ({ value }));
    case "range":
      return fc.tuple(one, one).map((value) => ({ value }));
    case "duration":
      return fc.constantFrom("PT1H", "PT12H", "P1D", "P2D").map((value) => ({ value }));
  }
}

const leaf: fc.Arbitrary<object> = fc.constantFrom(...asked).chain((path) => {
  const type = fields.named.get(path)?.type ?? "any";
  const fitting = Object.entries(conditionOperators)
    .filter(([, operator]) => operator.types.has(type) && operator.toQuery)
    .map(([name]) => name)
    .filter(isOperator);
  return fc.constantFrom(...fitting).chain((op) =>
    fc
      .tuple(valuesOf(op, type, path), fc.option(fc.boolean(), { nil: undefined }))
      .map(([value, caseSensitive]) => ({
        field: path,
        op,
        ...value,
        ...(caseSensitive === undefined ? {} : { caseSensitive }),
      })),
  );
});
const { condition } = fc.letrec<{ condition: object }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie("condition"), { maxLength: 3 }).map((all) => ({ all })) },
    { weight: 1, arbitrary: fc.array(tie("condition"), { maxLength: 3 }).map((any) => ({ any })) },
    { weight: 1, arbitrary: tie("condition").map((not) => ({ not })) },
  ),
}));

test("a search finds exactly the leads that the same condition holds for", async () => {
  const seed = 20_261_123;
  const { id } = await newLead(tenant, { firstName: "Pattern" });
  const pattern = await tenant.models.Lead.findById(id).lean();
  if (!pattern) throw new Error("The pattern lead is gone.");
  const filterable = new Set(customFields.map(({ key }) => key));
  const leads = fc.sample(changing, { seed, numRuns: leadsMade }).map((made): LeadRecord => {
    const lead = {
      ...pattern,
      ...made,
      _id: new Types.ObjectId(),
      pipelineId: pipeline._id,
      rank: null,
      emailLower: null,
    };
    return { ...lead, search: leadSearch(lead, filterable) };
  });
  await tenant.models.Lead.deleteMany({});
  await tenant.models.Lead.insertMany(leads);
  const stageOf = (lead: LeadRecord) => pipeline.stages.find(({ _id }) => lead.stageId?.equals(_id));
  const scopes = leads.map((lead) => ({
    id: lead._id.toHexString(),
    scope: { lead: leadScope(lead, { pipeline, stage: stageOf(lead) }) },
  }));

  let [some, refused] = [0, 0];
  const property = fc.asyncProperty(condition, async (raw) => {
    const parsed: Condition = conditionSchema.parse(raw);
    if (checkCondition(parsed, fields, { use: "search" }).length > 0) {
      refused += 1;
      return;
    }
    const held = scopes.filter(({ scope }) => evaluateCondition(parsed, scope, fields, now).passed);
    const found = await tenant.models.Lead.find(conditionToFilter(parsed, fields, now))
      .select({ _id: 1 })
      .lean();
    if (held.length > 0 && held.length < leads.length) some += 1;
    expect(new Set(found.map(({ _id }) => _id.toHexString()))).toEqual(new Set(held.map((each) => each.id)));
  });
  // The report names seed and path of what failed.
  await fc.assert(property, { seed, numRuns: conditionsTried, interruptAfterTimeLimit: 20_000 });
  process.stdout.write(
    `conditions: seed ${seed}, ${conditionsTried} tried, ${some} telling, ${refused} refused\n`,
  );
  expect(some).toBeGreaterThan(conditionsTried / 3);
  expect(refused).toBeLessThan(conditionsTried / 10);
});
