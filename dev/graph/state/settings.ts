/** What `POST /_sim/settings` can switch. Every default is the calm case: nothing is limited that Meta would allow at a low rate. */
import * as z from "zod";

export const settingsSchema = z.strictObject({
  enforceWindow: z
    .boolean()
    .describe("Free-form messages outside the 24 h window fail with 131047, asynchronously"),
  checkMediaBytes: z
    .boolean()
    .describe("Media whose bytes are not what its type says fails with 131053, asynchronously"),
  fetchLinks: z
    .boolean()
    .describe("Media sent by link is really fetched; if that fails the message fails with 131053"),
  mediaUrlInWebhook: z.boolean().describe("Inbound media objects carry `url`, as since 2025-11"),
  userIds: z.boolean().describe("Webhooks carry business-scoped user ids, as since 2026-04"),
  mediaLinkSeconds: z.int().min(1).max(86_400).describe("Life of a media download link"),
  pairLimit: z
    .union([z.literal(false), z.strictObject({ everyMs: z.int().min(1), burst: z.int().min(1) })])
    .describe("One message per `everyMs` to one person, `burst` borrowed ahead; above: 131056"),
  throughputPerSecond: z
    .union([z.literal(false), z.int().min(1)])
    .describe("Messages per second and number; above: 130429"),
  managementPerHour: z
    .union([z.literal(false), z.int().min(1)])
    .describe("Template and account calls per hour and WABA; above: 80007"),
  review: z
    .strictObject({
      decision: z.enum(["APPROVED", "REJECTED", "MANUAL"]),
      afterMs: z.int().min(0).max(3_600_000),
      reason: z.string().optional(),
    })
    .describe("What becomes of a new or edited template, and how soon (real time)"),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Meta's own figures for the pair limit: 1 per 6 s, up to 45 at once. */
export const metaPairLimit = { everyMs: 6000, burst: 45 };

export function defaultSettings(): Settings {
  return {
    enforceWindow: true,
    checkMediaBytes: true,
    fetchLinks: false,
    mediaUrlInWebhook: true,
    userIds: true,
    mediaLinkSeconds: 300,
    pairLimit: false,
    throughputPerSecond: false,
    managementPerHour: false,
    review: { decision: "APPROVED", afterMs: 100 },
  };
}
