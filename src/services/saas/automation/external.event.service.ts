import {
  appointmentDataSchema,
  appointmentEventTypes,
  type ExternalEventInput,
  type ExternalEventResult,
} from "../../../contracts/automation.contract";
import type { EventDraft } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { validationProblem } from "../../../lib/http/validation.problem";
import { commitChange, EventAlreadyRecordedError } from "../../../lib/tenant/commit.change";
import {
  type AppointmentEventType,
  appointmentEventId,
  followAppointmentInChange,
} from "../crm/appointment.event";
import { findLeadBySubject } from "../crm/lead.service";

/**
 * Takes an event from outside, such as a confirmed appointment, and hands it to the rules. The caller's id makes it
 * happen once; an appointment's confirmation happens once per appointment and sequence, whoever tells of it, and our
 * meeting of that appointment follows what is told.
 * @throws AppError invalid-reference when no lead fits the subject, validation-failed when an appointment's data lacks
 * what rules need.
 */
export async function receiveExternalEvent(
  ctx: TenantContext,
  input: ExternalEventInput,
): Promise<ExternalEventResult> {
  const { told, ...draft } = describe(input);
  const lead = await findLeadBySubject(ctx, input.subject);
  if (!lead)
    throw new AppError(
      "invalid-reference",
      "No lead of this tenant fits the subject. Create the lead first.",
    );
  const leadId = lead._id.toHexString();
  try {
    await commitChange(ctx, async (change) => {
      const meeting = told && (await followAppointmentInChange(change, told.type, told));
      const subject = {
        leadId,
        ...(meeting?.leadId.equals(lead._id) ? { meetingId: meeting._id.toHexString() } : {}),
      };
      change.record({ ...draft, subject, ...occurred(input) });
    });
    return { eventId: draft.id, leadId, duplicate: false };
  } catch (error) {
    if (!(error instanceof EventAlreadyRecordedError)) throw error;
    return { eventId: draft.id, leadId, duplicate: true };
  }
}

type Described = Pick<EventDraft, "type" | "name" | "data"> & {
  readonly id: string;
  /** Of an appointment only. */
  readonly told?: {
    readonly type: AppointmentEventType;
    readonly appointmentId: string;
    readonly sequence: number;
    readonly startsAt: Date;
  };
};

function describe(input: ExternalEventInput): Described {
  const type = appointmentType(input.type);
  if (!type)
    return { id: `external:${input.id}`, type: "external_event", name: input.type, data: input.data };
  const parsed = appointmentDataSchema.safeParse(input.data);
  if (!parsed.success) throw validationProblem(parsed.error, "/data");
  const { appointmentId, sequence, startsAt } = parsed.data;
  return {
    id: appointmentEventId(type, appointmentId, sequence),
    type,
    data: parsed.data,
    told: { type, appointmentId, sequence, startsAt: new Date(startsAt) },
  };
}

function appointmentType(name: string): (typeof appointmentEventTypes)[number] | undefined {
  return appointmentEventTypes.find((type) => type === name);
}

function occurred(input: ExternalEventInput): Pick<EventDraft, "occurredAt"> {
  return input.occurredAt === undefined ? {} : { occurredAt: new Date(input.occurredAt) };
}
