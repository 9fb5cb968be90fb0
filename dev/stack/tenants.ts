/** The tenants of a local stack and their WhatsApp numbers. */
import type { StackTenant } from "./stack.file";

export interface LocalTenant extends Omit<StackTenant, "apiKey"> {
  readonly name: string;
  /** Bearer token that the fake Graph server takes for this number. */
  readonly token: string;
}

export const localTenants: readonly LocalTenant[] = [
  {
    clientCode: "demo",
    name: "Demo Dental",
    phoneNumberId: "100200300400500",
    wabaId: "500400300200100",
    displayPhoneNumber: "+351210000001",
    token: "local-token-demo",
  },
  {
    clientCode: "other",
    name: "Other Motors",
    phoneNumberId: "600700800900100",
    wabaId: "100900800700600",
    displayPhoneNumber: "+442071230002",
    token: "local-token-other",
  },
];
