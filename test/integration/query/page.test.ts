import mongoose, { Schema, Types } from "mongoose";
import { centralConnection } from "../../../src/lib/db/central.connection";
import { decodeCursor, encodeCursor } from "../../../src/lib/query/cursor";
import { type PageRequest, pageOf } from "../../../src/lib/query/page";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";

interface Row {
  _id: Types.ObjectId;
  name: string;
  score: number;
  at: Date;
}

let Rows: mongoose.Model<Row>;
let acme: { clientCode: Awaited<ReturnType<typeof createTenant>>["clientCode"] };
let other: typeof acme;

beforeAll(async () => {
  [acme, other] = await Promise.all([createTenant("acme"), createTenant("other")]);
  const connection = await centralConnection();
  Rows = connection.model<Row>(
    "PageRow",
    new Schema<Row>({ name: String, score: Number, at: Date }, { collection: "pageRows" }),
  );
  // Many rows that are level in the first field: the order must hold through all of them.
  const rows = Array.from({ length: 57 }, (_, i) => ({
    name: `row ${i}`,
    score: i % 4,
    at: new Date(Date.UTC(2026, 0, 1 + (i % 3))),
  }));
  await Rows.insertMany(rows);
});
afterAll(closeAllConnections);

type Query = PageRequest<Row>["query"];
const list = (
  query: Query & { wanted?: string },
  sort: PageRequest<Row>["sort"],
  ctx = acme,
  route = "listRows",
) => pageOf(ctx, Rows, { route, query, filter: { score: mongoose.trusted({ $gte: 0 }) }, sort });

async function walk(limit: number, sort: PageRequest<Row>["sort"]): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await list({ limit, cursor }, sort);
    names.push(...page.data.map(({ name }) => name));
    expect(page.hasMore).toBe(page.nextCursor !== null);
    if (page.nextCursor === null) return names;
    expect(page.data).toHaveLength(limit);
    cursor = page.nextCursor;
  }
}

test.each<[string, PageRequest<Row>["sort"]]>([
  ["one field down", { score: -1, _id: -1 }],
  ["one field up, the id down", { score: 1, _id: -1 }],
  ["three fields of different types", { at: -1, score: 1, _id: 1 }],
  ["the id alone", { _id: 1 }],
])("walking by %s meets every row once, in order", async (_what, sort) => {
  const expected = await Rows.find()
    .sort({ ...sort })
    .lean();
  for (const limit of [1, 10, 19, 57, 100])
    expect(await walk(limit, sort)).toEqual(expected.map(({ name }) => name));
});

test("rows that come or go meanwhile neither repeat nor hide others", async () => {
  const sort = { score: 1, _id: 1 } as const;
  const first = await list({ limit: 20 }, sort);
  const [gone] = first.data;
  await Rows.deleteOne({ _id: gone?._id });
  await Rows.create({ name: "new, at the front", score: -1, at: new Date() });
  const rest = await list({ limit: 100, cursor: first.nextCursor ?? "" }, sort);
  expect(rest.data).toHaveLength(37);
  expect(rest.data.map(({ name }) => name)).not.toContain("new, at the front");
});

test("a cursor is good for its own list only", async () => {
  const sort = { score: 1, _id: 1 } as const;
  const { nextCursor } = await list({ limit: 5, wanted: "x" }, sort);
  const cursor = nextCursor ?? "";
  expect((await list({ limit: 9, cursor, wanted: "x" }, sort)).data).toHaveLength(9);
  const refused = { code: "invalid-cursor", status: 400 };
  const flipped = `${cursor.slice(0, 40)}${cursor[40] === "A" ? "B" : "A"}${cursor.slice(41)}`;
  for (const attempt of [
    () => list({ limit: 5, cursor, wanted: "y" }, sort),
    () => list({ limit: 5, cursor }, sort),
    () => list({ limit: 5, cursor, wanted: "x" }, { score: -1, _id: 1 }),
    () => list({ limit: 5, cursor, wanted: "x" }, sort, other),
    () => list({ limit: 5, cursor, wanted: "x" }, sort, acme, "listOthers"),
    () => list({ limit: 5, cursor: flipped, wanted: "x" }, sort),
    () => list({ limit: 5, cursor: "", wanted: "x" }, sort),
    () => list({ limit: 5, cursor: "%%%", wanted: "x" }, sort),
  ])
    await expect(attempt()).rejects.toMatchObject(refused);
});

test("every kind of value comes back from a cursor as it went in", () => {
  const scope = { clientCode: acme.clientCode, route: "r", sort: {}, filter: {} };
  const values = ["text", 1.5, true, null, new Date(0), new Types.ObjectId()];
  expect(decodeCursor(scope, encodeCursor(scope, values))).toEqual(values);
});
