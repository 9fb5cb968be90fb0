import { jobHandlers } from "../../../src/jobs/handlers";
import type { JobHandler, JobHandlers } from "../../../src/jobs/queue/job.handler";

/** Handlers with one replaced: the queue's own tests run the smallest job of the catalogue, and no other. */
export function onlyAutomationRun(handler: JobHandler<"automation.run">): JobHandlers {
  return { ...jobHandlers, "automation.run": async () => handler };
  const none = async () => refuse;
  return {
    "whatsapp.inbound": none,
    "whatsapp.send": none,
    "whatsapp.read": none,
    "templates.sync": none,
    "templates.refresh": none,
    "media.download": none,
    "media.process": none,
    "automation.run": async () => handler,
    "lead.merge": none,
    "task.due": none,
    "leads.import": none,
    "leads.export": none,
    "conversation.wake": none,
    "tenant.sweep": none,
    "quarantine.replay": none,
  };
}
