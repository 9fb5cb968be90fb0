import type { CrmEventType } from "../../../contracts/crm.event.contract";

/** Events about an appointment, whoever tells of them: a meeting here, or another system's calendar. */
export type AppointmentEventType = Extract<CrmEventType, `appointment_${string}`>;

/**
 * The one id of such an event, per appointment and sequence: told twice in two ways it is still one event, and rules
 * see it once.
 */
export function appointmentEventId(
  type: AppointmentEventType,
  appointmentId: string,
  sequence: number,
): string {
  return `${type}:${appointmentId}:${sequence}`;
}
