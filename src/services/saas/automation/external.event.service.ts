import type { EventDraft } from "../../../contracts/crm.event.contract";
import {
  appointmentDataSchema,
  appointmentEventTypes,
  type ExternalEventInput,
  type ExternalEventResult,
} from "../../../contracts/external.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { invalidRequest, validationProblem } from "../../../lib/http/validation.problem";
import { type Change, commitChange, EventAlreadyRecordedError } from "../../../lib/tenant/commit.change";
import {
  type AppointmentEventType,
  appointmentEventId,
  followAppointmentInChange,
} from "../crm/appointment.event";
import { createLeadInChange, findLeadBySubject } from "../crm/lead.service";
import { declaredType, requireDeclaredData } from "./event.type.service";

/**
 * Takes an event from outside, such as a confirmed appointment, and hands it to the rules. The caller's id makes it
 * happen once; an appointment's confirmation happens once per appointment and sequence, whoever tells of it, and our
 * meeting of that appointment follows what is told. A declared type's data must be as declared, and the type says
 * whether an unknown person becomes a lead.
 * @throws AppError invalid-reference when no lead fits the subject, validation-failed when the data is not what the
 * type asks for.
 */
export async function receiveExternalEvent(
  ctx: TenantContext,
  input: ExternalEventInput,
): Promise<ExternalEventResult> {
  refuseFuture(ctx, input);
  const { told, ...draft } = describe(input);
  const declared = told ? null : await declaredType(ctx, input.type);
  if (declared) requireDeclaredData(declared, input.data);
  let known = await findLeadBySubject(ctx, input.subject);
  if (!known && !declared?.createsLead) throw unknownSubject();
  try {
    const leadId = await commitChange(ctx, async (change) => {
      const lead = known ?? (await createSubject(ctx, change, input));
      const meeting = told && (await followAppointmentInChange(change, told.type, told));
      const subject = {
        leadId: lead._id.toHexString(),
        ...(meeting?.leadId.equals(lead._id) ? { meetingId: meeting._id.toHexString() } : {}),
      };
      change.record({ ...draft, subject, ...occurred(input) });
      return subject.leadId;
    });
    return { eventId: draft.id, leadId, duplicate: false };
  } catch (error) {
    if (!known && error instanceof AppError && error.code === "duplicate") {
      // Somebody else made the lead in the meantime.
      known = await findLeadBySubject(ctx, input.subject);
      if (known) return receiveExternalEvent(ctx, input);
    }
    if (!(error instanceof EventAlreadyRecordedError)) throw error;
    known ??= await findLeadBySubject(ctx, input.subject);
    if (!known) throw unknownSubject();
    return { eventId: draft.id, leadId: known._id.toHexString(), duplicate: true };
  }
}

/** Clocks differ by less than this. */
const leewayMs = 5 * 60_000;

/** An event of the future would make every answer look older than it. @throws AppError validation-failed */
function refuseFuture(ctx: TenantContext, { occurredAt }: ExternalEventInput): void {
  if (occurredAt === undefined || Date.parse(occurredAt) <= ctx.now().getTime() + leewayMs) return;
  const detail = "must not lie in the future: it says when this happened. A time to come belongs into data.";
  throw invalidRequest([{ pointer: "/occurredAt", code: "validation-failed", detail }]);
}

function unknownSubject(): AppError {
  return new AppError(
    "invalid-reference",
    "No lead of this tenant fits the subject. Create the lead first, or declare the event's type with createsLead.",
  );
}

/** A lead of what the subject tells. @throws AppError invalid-reference for an unknown lead id, invalid-phone */
async function createSubject(ctx: TenantContext, change: Change, { subject, type }: ExternalEventInput) {
  const { phone, externalId } = subject;
  if (phone === undefined && externalId === undefined) throw unknownSubject();
  return createLeadInChange(ctx, change, {
    source: `event:${type}`,
    ...(phone === undefined ? {} : { phone }),
    ...(externalId === undefined
      ? {}
      : { displayName: externalId.id, externalIds: { [externalId.system]: externalId.id } }),
  });
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
