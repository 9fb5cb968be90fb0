/** What the tenant itself declared and rules may name: fields of leads, events from outside. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { DeclaredField } from "../crm/lead.fields";
import type { DeclaredEvent } from "./trigger.data";

export interface Declared {
  readonly customFields: readonly DeclaredField[];
  readonly eventTypes: readonly DeclaredEvent[];
}

export async function readDeclared(ctx: TenantContext): Promise<Declared> {
  const { CustomField, EventType } = await getCrmModels(ctx.clientCode);
  const [customFields, eventTypes] = await Promise.all([
    CustomField.find({}).lean(),
    EventType.find({}).lean(),
  ]);
  return { customFields, eventTypes };
}
