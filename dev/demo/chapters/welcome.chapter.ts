import {
  automationRunDetailSchema,
  automationRunSchema,
} from "../../../src/contracts/automation.run.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { type Lead, type Message, messageWhere, type Story } from "../story";
import { DemoFailure, eventually } from "../transcript";

const time = (at: string | undefined): string => at?.slice(11, 23) ?? "—";

/** The welcome rule: a tag at once, a template a moment later, delivered and read. */
export async function welcome(story: Story, lead: Lead): Promise<void> {
  const { say, api } = story;
  say.chapter("The welcome rule answers");
  await say.step("tagged at once", async () => {
    const tagged = await eventually("the tag", async () => {
      const current = await api.get(`/leads/${lead.id}`, leadSchema);
      return current.tags.includes("whatsapp") ? current : undefined;
    });
    return `tags: ${tagged.tags.join(", ")}`;
  });
  let message: Message | undefined;
  await say.step("a template with the lead's name a moment later, through the queue", async () => {
    message = await messageWhere(story, lead, "the welcome", (each) => each.template?.name === "welcome");
    const rendered = message.template?.rendered ?? "";
    if (!rendered.includes("Ana")) throw new DemoFailure(`the template does not name the lead: ${rendered}`);
    return `message ${message.id}: “${rendered}”`;
  });
  await say.step("accepted, delivered and read", async () => {
    const read = await messageWhere(
      story,
      lead,
      "the read status",
      (each) => each.template?.name === "welcome" && each.status === "read",
    );
    return ["sent", "delivered", "read"]
      .map(
        (status) => `${status} ${time(Object.entries(read.statusAt).find(([name]) => name === status)?.[1])}`,
      )
      .join(", ");
  });
  await say.step("the run tells what it did", async () => {
    const run = await eventually("the run's end", async () => {
      const runs = await api.get(`/leads/${lead.id}/automation-runs`, pageSchema(automationRunSchema));
      return runs.data.find((each) => each.status === "completed");
    });
    const detail = await api.get(`/automation-runs/${run.id}`, automationRunDetailSchema);
    return `run ${run.id}: ${detail.steps.map((step) => `${step.stepId} ${step.status}`).join(", ")}`;
  });
}
