/** What creating and reading a lead asks of the database, done by the bare driver. */
import { type mongo, Types } from "mongoose";
import { rankBetween } from "../src/lib/rank/rank";

export interface BareLeads {
  create(): Promise<unknown>;
  read(id: string): Promise<unknown>;
}

/**
 * The same reads and writes, in the same transaction, with rows as the product stored them for its newest lead.
 * @throws Error when the product has stored no lead yet
 */
export async function bareLeads(client: mongo.MongoClient, database: string): Promise<BareLeads> {
  const db = client.db(database);
  const leads = db.collection("leads");
  const stageHistory = db.collection("stageHistory");
  const activities = db.collection("activities");
  const outbox = db.collection("outbox");
  const automationRuns = db.collection("automationRuns");
  const identities = db.collection<{ _id: string; leadId: Types.ObjectId }>("contactIdentities");
  const settings = db.collection<{ _id: string }>("settings");
  const counters = db.collection<{ _id: string; value: number }>("counters");

  const lead = await leads.findOne({}, { sort: { _id: -1 } });
  const visit = await stageHistory.findOne({ leadId: lead?._id });
  const lines = await activities.find({ leadId: lead?._id }).toArray();
  const events = await outbox.find({ "subject.leadId": lead?._id.toHexString() }).toArray();
  if (!lead || !visit || lines.length === 0 || events.length === 0)
    throw new Error("The product has stored no lead to take as the pattern.");

  async function write(
    session: mongo.ClientSession,
    leadId: Types.ObjectId,
    eventIds: string[],
  ): Promise<void> {
    const key = `tel:bare-${leadId.toHexString()}`;
    const column = { stageId: lead?.stageId, deletedAt: null, rank: { $gt: "" } };
    await settings.findOne({ _id: "settings" }, { session });
    await db.collection("pipelines").findOne({ isDefault: true }, { session });
    await identities.find({ _id: { $in: [key] } }, { session }).toArray();
    const top = await leads.findOne(column, { session, sort: { rank: 1 }, projection: { rank: 1 } });
    const rank = rankBetween(null, String(top?.rank));
    const phone = { ...lead?.phone, e164: leadId.toHexString() };
    await leads.insertMany([{ ...lead, _id: leadId, rank, phone }], { session });
    await identities.insertMany([{ _id: key, leadId }], { session });
    await stageHistory.insertMany([{ ...visit, _id: new Types.ObjectId(), leadId }], { session });
    const eventIdAt = (index: number) => eventIds[index] ?? new Types.ObjectId().toHexString();
    const told = lines.map((line, index) => ({
      ...line,
      _id: new Types.ObjectId(),
      leadId,
      eventId: eventIdAt(index),
    }));
    await activities.insertMany(told, { session });
    const counter = await counters.findOneAndUpdate(
      { _id: "events" },
      { $inc: { value: events.length } },
      { session, returnDocument: "after" },
    );
    const rows = events.map((event, index) => ({
      ...event,
      _id: new Types.ObjectId(),
      eventId: eventIdAt(index),
      seq: (counter?.value ?? 0) - index,
      dispatchedAt: null,
    }));
    await outbox.insertMany(rows, { session });
  }

  /** As the rules do after the commit: which listen, whose runs end, and that the events were told. */
  async function tell(leadId: Types.ObjectId, eventIds: string[]): Promise<void> {
    const triggers = { $in: ["lead_created", "stage_enter"] };
    await db.collection("automationRules").find({ enabled: true, triggerEvent: triggers }).toArray();
    for (const _ of eventIds)
      await automationRuns.find({ leadId, status: { $in: ["active", "waiting"] } }).toArray();
    const told = { eventId: { $in: eventIds }, dispatchedAt: null };
    await outbox.updateMany(told, { $set: { dispatchedAt: new Date() } });
  }

  return {
    read: (id) => leads.findOne({ _id: new Types.ObjectId(id), deletedAt: null }),
    async create() {
      const leadId = new Types.ObjectId();
      const eventIds = events.map(() => new Types.ObjectId().toHexString());
      await client.withSession((session) =>
        session.withTransaction(() => write(session, leadId, eventIds), {
          readConcern: { level: "snapshot" },
          writeConcern: { w: "majority" },
        }),
      );
      await tell(leadId, eventIds);
    },
  };
}
