import type { JobHandler, JobHandlers } from "../../../src/jobs/queue/job.handler";

const refuse = async (): Promise<never> => {
  throw new Error("this test has no such job");
};

/** Handlers of which only one does something: the queue's own tests run the smallest job of the catalogue. */
export function onlyAutomationRun(handler: JobHandler<"automation.run">): JobHandlers {
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
    "tenant.sweep": none,
    "quarantine.replay": none,
  };
}
