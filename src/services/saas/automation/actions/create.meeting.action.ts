import * as z from "zod";
import { durationSchema } from "../../../../contracts/common.contract";
import { durationMs } from "../../../../lib/duration/duration";
import { AppError } from "../../../../lib/errors/app.error";
import { createMeeting } from "../../crm/meeting.service";
import { renderText } from "../render";
import { defineAction } from "./action";

/** Creates a meeting with the lead. It is unique by the effect key, and by the appointment's id when there is one. */
export const createMeetingAction = defineAction({
  type: "create_meeting",
  mode: "job",
  description: "Create a meeting with the lead.",
  config: {
    title: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: "Title; variables allowed.", example: "Call with {{lead.displayName}}" }),
    startsAt: z
      .string()
      .min(1)
      .max(500)
      .meta({ description: "Begin; a variable or an RFC 3339 time.", example: "{{event.data.startsAt}}" }),
    duration: durationSchema.default("PT30M"),
    location: z
      .string()
      .max(500)
      .optional()
      .meta({ description: "Where it takes place; may hold variables.", example: "Rua Verde 12" }),
    appointmentId: z.string().max(200).optional().meta({
      description: "The appointment's id in your system; variables allowed.",
      example: "{{event.data.appointmentId}}",
    }),
  },
  async run(ctx, { title, startsAt, duration, location, appointmentId }, { run, effectKey, scope }) {
    const begin = new Date(await renderText(startsAt, scope));
    if (Number.isNaN(begin.getTime()))
      throw new AppError("missing-variable", "startsAt does not render to a time.");
    const meeting = await createMeeting(ctx, {
      leadId: run.leadId.toHexString(),
      title: await renderText(title, scope),
      startsAt: begin.toISOString(),
      endsAt: new Date(begin.getTime() + durationMs(duration)).toISOString(),
      ...(location === undefined ? {} : { location: await renderText(location, scope) }),
      ...(appointmentId === undefined ? {} : { appointmentId: await renderText(appointmentId, scope) }),
      effectKey,
    });
    return { meetingId: meeting.id };
  },
});
