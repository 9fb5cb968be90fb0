import type { JobHandlers } from "../queue/job.handler";

/**
 * Who does which job: exactly the catalogue's names, each loaded when its first job comes, so that the poller never
 * loads what only the media poller needs. ADD A HANDLER HERE.
 */
export const jobHandlers: JobHandlers = {
  "whatsapp.inbound": async () => (await import("./whatsapp.inbound.handler")).handler,
  "whatsapp.send": async () => (await import("./whatsapp.send.handler")).handler,
  "whatsapp.read": async () => (await import("./whatsapp.read.handler")).handler,
  "templates.sync": async () => (await import("./templates.sync.handler")).handler,
  "templates.refresh": async () => (await import("./templates.refresh.handler")).handler,
  "media.download": async () => (await import("./media.download.handler")).handler,
  "media.process": async () => (await import("./media.process.handler")).handler,
  "automation.run": async () => (await import("./automation.run.handler")).handler,
  "automation.begin": async () => (await import("./automation.begin.handler")).handler,
  "lead.merge": async () => (await import("./lead.merge.handler")).handler,
  "leads.reindex": async () => (await import("./leads.reindex.handler")).handler,
  "task.due": async () => (await import("./task.due.handler")).handler,
  "pipelines.clear": async () => (await import("./pipelines.clear.handler")).handler,
  "stage.spread": async () => (await import("./stage.spread.handler")).handler,
  "leads.import": async () => (await import("./leads.import.handler")).handler,
  "leads.export": async () => (await import("./leads.export.handler")).handler,
  "automation.timer": async () => (await import("./automation.timer.handler")).handler,
  "automation.no_reply": async () => (await import("./automation.no.reply.handler")).handler,
  "automation.enroll": async () => (await import("./automation.enroll.handler")).handler,
  "broadcast.run": async () => (await import("./broadcast.run.handler")).handler,
  "automation.enroll_search": async () => (await import("./automation.enroll.search.handler")).handler,
  "conversation.wake": async () => (await import("./conversation.wake.handler")).handler,
  "tenant.sweep": async () => (await import("./tenant.sweep.handler")).handler,
  "quarantine.replay": async () => (await import("./quarantine.replay.handler")).handler,
  "person.erase": async () => (await import("./person.erase.handler")).handler,
};
