/** A little to look at in a new local stack: a few leads and the demo's rules, made over the API like anybody's. */
import * as z from "zod";
import { apiOf } from "../demo/clients";
import { appointmentRule, proposalRule, welcomeRule } from "../demo/rules";
import type { Stack } from "./stack.file";

const leads = [
  { firstName: "Maria", lastName: "Santos", phone: "+351912000001", source: "website", tags: ["fair2026"] },
  { firstName: "James", lastName: "Okafor", phone: "+447700900111", source: "referral", tags: ["vip"] },
  { firstName: "Lena", lastName: "Vogel", phone: "+4915112345678", source: "facebook_ads", tags: [] },
];

/** Fills the first tenant; the second stays empty, so that isolation can be seen. */
export async function seedDemoData(stack: Stack, log: (line: string) => void): Promise<void> {
  const [tenant] = stack.tenants;
  if (!tenant) return;
  const api = apiOf(stack, tenant);
  const made = z.object({ id: z.string() });
  for (const rule of [welcomeRule, proposalRule, appointmentRule]) {
    await api.post("/automations", rule, made, `seed:${rule.name.replaceAll(" ", "-")}`);
  }
  for (const lead of leads) await api.post("/leads", lead, made, `seed:${lead.phone}`);
  log(`Seeded tenant ${tenant.clientCode}: 3 rules, ${leads.length} leads.`);
}
