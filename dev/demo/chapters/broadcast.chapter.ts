import * as z from "zod";
import {
  broadcastPreviewSchema,
  broadcastReportSchema,
  broadcastSchema,
} from "../../../src/contracts/broadcast.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { savedSearchSchema } from "../../../src/contracts/saved.search.contract";
import type { Story } from "../story";
import { eventually, expectSame } from "../transcript";

const people = [
  { firstName: "Eva", phone: "+351912000401" },
  { firstName: "Gil", phone: "+351912000402" },
  { firstName: "Ivo", phone: "+351912000403", doNotContact: true },
];

/** One template to everybody in a saved search; who refused gets none. */
export async function broadcast({ say, api, world }: Story): Promise<void> {
  say.chapter("One template to many");
  let id = "";
  await say.step("a broadcast to a saved search shows beforehand what each would read", async () => {
    for (const person of people) await api.post("/leads", { ...person, tags: ["newsletter"] }, leadSchema);
    const condition = { field: "lead.tags", op: "any_of", value: ["newsletter"] };
    const search = await api.post("/saved-searches", { name: "Newsletter", condition }, savedSearchSchema);
    const template = {
      name: "welcome",
      language: "en_US",
      variables: { first_name: '{{lead.firstName | default: "there"}}' },
    };
    const plan = { name: "Spring offer", template, audience: { savedSearchId: search.id } };
    ({ id } = await api.post("/broadcasts", plan, broadcastSchema));
    const preview = await api.post(`/broadcasts/${id}/preview`, {}, broadcastPreviewSchema);
    expectSame("people found", preview.recipients, people.length);
    return preview.samples
      .map(({ text, skipped }) => (skipped ? `left out: ${skipped}` : `“${text}”`))
      .join(", ");
  });
  await say.step("it goes out, and the report tells what became of everybody", async () => {
    await api.post(`/broadcasts/${id}/start`, {}, broadcastSchema);
    const report = await eventually("both messages to be read", async () => {
      await world.drain();
      const now = await api.get(`/broadcasts/${id}/report`, broadcastReportSchema);
      return now.read === 2 ? now : undefined;
    });
    expectSame("left out", report.skipped, 1);
    expectSame("the reason", report.skippedByCode[0]?.code, "do_not_contact");
    const { state } = await api.get(`/broadcasts/${id}`, z.object({ state: z.string() }));
    expectSame("state", state, "done");
    return `${report.accepted} accepted, ${report.delivered} delivered, ${report.read} read, ${report.skipped} left out: do_not_contact`;
  });
}
