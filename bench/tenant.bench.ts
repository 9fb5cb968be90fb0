/** Reaching a tenant's data: what a warm look-up costs, and how many sockets a thousand tenants take. */
import { type Connection, createConnection, Types } from "mongoose";
import type { ClientCode } from "../src/contracts/common.contract";
import { sealSecret } from "../src/lib/crypto/secret.box";
import { centralConnection } from "../src/lib/db/central.connection";
import { migrateCentral } from "../src/lib/db/central.migrations";
import { getCentralModels } from "../src/lib/db/get.central.models";
import { env } from "../src/lib/env/env";
import { mintClientCode } from "../src/lib/tenant/client.code";
import { getCrmModels } from "../src/lib/tenant/get.crm.model";
import { claimDatabase } from "../src/lib/tenant/tenant.owner";
import { withTenant } from "../src/lib/tenant/tenant.registry";
import { databasePlace, dataSourcePlace } from "../src/lib/tenant/tenant.source";
import { watchCommands } from "./commands";
import { atMost, type Figure, type Report } from "./figure";
import { atOnce, median, timed } from "./measure";

/** As many as TENANT_CACHE_SIZE in areas.ts. */
const tenants = 1_000;
const lookups = 20_000;
const rounds = 5;
const side = 32;
/** Tells the benchmark's own connection from the ones it counts. */
const observerName = "bench-observer";

export async function run(): Promise<Report> {
  await migrateCentral();
  // Need not survive a power cut, so it need not wait for the disk.
  const unsafe = { writeConcern: { w: 1, journal: false } };
  const observer = await createConnection(env().MONGODB_URI, {
    appName: observerName,
    ...unsafe,
  }).asPromise();
  try {
    const codes = await registerTenants(observer);
    await atOnce(side, tenants, (index) => useTenant(codeAt(codes, index)));
    const sockets = await countSockets(observer);
    const count = tenants.toLocaleString("en-US");
    return {
      figures: [
        ...(await warmLookups(codes)),
        {
          what: `sockets to one cluster after ${count} tenants, ${side} at once`,
          figure: { value: sockets, unit: "" },
          target: atMost(10, 6),
        },
      ],
      notes: ["Sockets are counted by the server; the one that watches it is among them."],
    };
  } finally {
    await observer.close();
  }
}

/** Real tenants but for their indexes, which look-ups do not touch. */
async function registerTenants(observer: Connection): Promise<ClientCode[]> {
  const { Client, ClientDataSource } = await getCentralModels();
  const codes = Array.from({ length: tenants }, (_, index) => mintClientCode(`tenant${index}`));
  await Client.insertMany(codes.map(clientRow));
  await ClientDataSource.insertMany(codes.map(sourceRow));
  await atOnce(side, tenants, async (index) => {
    const code = codeAt(codes, index);
    await claimDatabase(observer.useDb(databaseOf(code)), code);
  });
  return codes;
}

function clientRow(clientCode: ClientCode) {
  return { ...newRow(), clientCode, name: clientCode, status: "active" as const };
}

function newRow() {
  const at = new Date();
  return { _id: new Types.ObjectId(), createdAt: at, updatedAt: at };
}

function sourceRow(clientCode: ClientCode) {
  const uri = env().MONGODB_URI;
  const dbName = databaseOf(clientCode);
  return {
    ...newRow(),
    clientCode,
    kind: "mongodb" as const,
    uriEnvelope: sealSecret(dataSourcePlace(clientCode), uri),
    dbName,
    place: databasePlace(uri, dbName),
  };
}

const databaseOf = (clientCode: ClientCode): string => `${env().ECOD_CENTRAL_DB}_${clientCode}`;

/** What every request does first, and one query, so that a socket is needed. */
async function useTenant(clientCode: ClientCode): Promise<void> {
  await withTenant(clientCode, async () => {
    const { Lead } = await getCrmModels(clientCode);
    await Lead.findOne({}, { _id: 1 }).lean();
  });
}

/** Looks warm tenants up again and again, all of them in turn. */
async function warmLookups(codes: readonly ClientCode[]): Promise<Figure[]> {
  const watch = watchCommands(await centralConnection());
  const lookUp = async () => {
    for (let i = 0; i < lookups; i += 1) {
      const clientCode = codeAt(codes, i % 100);
      await withTenant(clientCode, async () => (await getCrmModels(clientCode)).Lead);
    }
  };
  await lookUp();
  watch.reset();
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await timed(lookUp));
  const nsEach = (median(times) * 1e6) / lookups;
  return [
    {
      what: `queries of ${(rounds * lookups).toLocaleString("en-US")} warm look-ups`,
      figure: { value: watch.sent.length, unit: "" },
      target: atMost(0, 0),
    },
    { what: "time of a warm look-up", figure: { value: Math.round(nsEach), unit: "ns" } },
  ];
}

/** Sockets of this process's product code, as the server sees them. */
async function countSockets(observer: Connection): Promise<number> {
  const admin = observer.getClient().db("admin");
  const open = await admin
    .aggregate([
      { $currentOp: { allUsers: true, idleConnections: true } },
      { $match: { appName: "ecod" } },
      { $group: { _id: "$client" } },
    ])
    .toArray();
  if (open.length === 0)
    throw new Error("The server shows no connection of ours: the count is not to be trusted.");
  return open.length;
}

function codeAt(codes: readonly ClientCode[], index: number): ClientCode {
  const code = codes[index];
  if (code === undefined) throw new RangeError(`There is no tenant ${index}.`);
  return code;
}
