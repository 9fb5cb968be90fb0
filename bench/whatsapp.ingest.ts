/** Taking in Meta's webhooks: the function as it is deployed, beside the two inserts it cannot do without. */
import { type mongo, Types } from "mongoose";
import { handler } from "../functions/webhooks";
import { centralConnection } from "../src/lib/db/central.connection";
import { tenantConnection } from "../src/lib/tenant/tenant.registry";
import { bindChannelRoute } from "../src/services/clients/data.source.service";
import { defaultEndpointId } from "../src/services/saas/whatsapp/endpoint.service";
import { bareDriver } from "./bare.driver";
import { makeTenant, platform } from "./bench.tenant";
import { atLeast, type Figure } from "./figure";
import { atOnce, inRounds, quantile } from "./measure";
import { delivery } from "./whatsapp.webhook";

const side = 32;
const posts = 600;
const rounds = 12;
/** Rounds until the code is compiled as far as it will be. */
const warmUps = 4;
const phoneNumberId = "100200300400500";
const wabaId = "500400300200100";
const from = "351912345678";

export async function measureIngest(): Promise<Figure[]> {
  const { clientCode } = await makeTenant("ingest");
  for (const routeKey of [`pn:${phoneNumberId}`, `waba:${wabaId}`] as const)
    await bindChannelRoute(platform, { routeKey, clientCode, endpointId: defaultEndpointId });
  const bare = bareDriver();
  try {
    for (let round = 0; round < warmUps; round += 1) await ingest(`warm-up-${round}`);
    const database = (await tenantConnection(clientCode)).name;
    const inserts = await bareInserts(bare, database);
    for (let round = 0; round < warmUps; round += 1) await inserts();
    const { ours, theirs } = await inRounds(rounds, (round) => ingest(String(round)), inserts);
    const figure = perSecond(ours);
    const limit = perSecond(theirs);
    const waits = ours.flatMap(({ each }) => each);
    return [
      {
        what: `signed webhooks of one message, ${side} at once`,
        figure: { value: Math.round(figure), unit: "/s" },
        limit: { value: Math.round(limit), unit: "/s" },
        ratio: figure / limit,
        target: atLeast(0.6, 0.85),
      },
      ...[0.5, 0.99].map((share) => ({
        what: `answer within, ${side} at once, p${share * 100}`,
        figure: { value: quantile(waits, share), unit: "ms" },
        limit: {
          value: quantile(
            theirs.flatMap(({ each }) => each),
            share,
          ),
          unit: "ms",
        },
      })),
    ];
  } finally {
    await bare.close();
  }
}

/** Of the best round: whatever else the machine did, it did least of it then. Both had as many tries, in turn. */
function perSecond(runs: readonly { ms: number }[]): number {
  return (posts * 1000) / Math.min(...runs.map(({ ms }) => ms));
}

/** Bodies as Meta signs them; every message is new. */
async function ingest(round: string): Promise<{ ms: number; each: number[] }> {
  const events = Array.from({ length: posts }, (_, index) =>
    delivery({ phoneNumberId, wabaId, from, wamid: `wamid.bench-${round}-${index}` }),
  );
  return atOnce(side, posts, async (index) => {
    const event = events[index];
    const answer = event && (await handler(event));
    if (answer?.statusCode !== 200)
      throw new Error(`A webhook was answered ${answer?.statusCode}: ${answer?.body}`);
  });
}

/** The rows and jobs that our warm-up stored, stored again under new ids with nothing around it. */
async function bareInserts(bare: mongo.MongoClient, database: string) {
  const rows = bare.db(database).collection("webhookEvents");
  const jobs = bare.db((await centralConnection()).name).collection("jobs");
  const row = await rows.findOne({});
  const job = await jobs.findOne({});
  if (!row || !job) throw new Error("The warm-up stored no webhook or no job.");
  return () =>
    atOnce(side, posts, async () => {
      const _id = new Types.ObjectId();
      await rows.insertMany([{ ...row, _id, dedupeKey: `bare:${_id.toHexString()}` }], { ordered: false });
      await jobs.insertMany([{ ...job, _id: new Types.ObjectId() }], { ordered: false });
    });
}
