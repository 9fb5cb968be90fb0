import { activitySchema } from "../../../src/contracts/activity.contract";
import { changesSchema } from "../../../src/contracts/change.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { conversationSchema } from "../../../src/contracts/conversation.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import type { Lead, Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";

/** The second tenant sees nothing; the first one's timeline tells it all. */
export async function isolation({ say, api, other }: Story, lead: Lead): Promise<void> {
  say.chapter("The second tenant sees nothing of it");
  await say.step("no leads, no conversations, no log", async () => {
    const leads = await other.get("/leads", pageSchema(leadSchema));
    const conversations = await other.get("/conversations", pageSchema(conversationSchema));
    const changes = await other.get("/changes", changesSchema);
    const foreign = changes.data.filter((event) => event.subject.leadId !== undefined);
    expectSame("leads", leads.data.length, 0);
    expectSame("conversations", conversations.data.length, 0);
    expectSame("events of leads", foreign.length, 0);
    return "0 leads, 0 conversations, 0 events of leads";
  });
  await say.step("the lead's id is a 404 there", async () => {
    expectSame("status", await other.status(`/leads/${lead.id}`), 404);
    return `GET /api/crm/leads/${lead.id} → 404`;
  });
  await say.step("and the first tenant's timeline tells it all", async () => {
    const timeline = await api.get(`/leads/${lead.id}/activities?limit=100`, pageSchema(activitySchema));
    const types = timeline.data.map((activity) => activity.type).reverse();
    for (const type of [
      "lead_created",
      "message_received",
      "tag_added",
      "stage_enter",
      "appointment_confirmed",
    ]) {
      if (!types.includes(type)) throw new DemoFailure(`the timeline lacks ${type}: ${types.join(", ")}`);
    }
    return types.join(" → ");
  });
}
