/** What starts a fake Graph server, and the shapes that others seed it with. */
import * as z from "zod";

const digits = z.string().regex(/^\d{1,32}$/, "must be a decimal id");

/** One business phone number; several may share a WABA (and then its templates). */
export const numberOptionSchema = z.strictObject({
  phoneNumberId: digits,
  wabaId: digits,
  displayPhoneNumber: z
    .string()
    .regex(/^\+?[\d ()-]{5,30}$/)
    .describe("E.164; shown without the plus in webhooks"),
  verifiedName: z.string().min(1),
  token: z
    .string()
    .min(1)
    .describe("Bearer token; reaches this number and its WABA, and every other that names it"),
  appSecret: z
    .string()
    .min(1)
    .optional()
    .describe("A Meta app of its own: the secret that signs its webhooks"),
  webhookUrl: z.url().optional().describe("A Meta app of its own: where its webhooks go"),
});
export type NumberOption = z.infer<typeof numberOptionSchema>;

export const templateStatuses = [
  "PENDING",
  "APPROVED",
  "REJECTED",
  "PAUSED",
  "DISABLED",
  "IN_APPEAL",
  "PENDING_DELETION",
  "DELETED",
  "LIMIT_EXCEEDED",
  "ARCHIVED",
  "LOCKED",
] as const;
export type TemplateStatus = (typeof templateStatuses)[number];

export const templateCategories = ["MARKETING", "UTILITY", "AUTHENTICATION"] as const;
export type TemplateCategory = (typeof templateCategories)[number];

/** A template as a WABA is seeded with it: Meta's own creation body, plus the state it is in. */
export interface TemplateDefinition {
  name: string;
  language: string;
  category: TemplateCategory;
  parameter_format?: "POSITIONAL" | "NAMED";
  /** Meta's components, e.g. `{ type: "BODY", text: "Hi {{1}}", example: { body_text: [["Ana"]] } }`. */
  components: unknown[];
  message_send_ttl_seconds?: number;
  /** Default APPROVED. */
  status?: TemplateStatus;
  quality?: "GREEN" | "YELLOW" | "RED" | "UNKNOWN";
}

/** One structured log line: ids and codes only, never tokens, phones, names or text. */
export type GraphLogEntry = { event: string } & Record<string, string | number | boolean | undefined>;

export interface GraphOptions {
  /** [0: a free port] */
  port?: number;
  /** Signs every webhook whose number brings no secret of its own. */
  appSecret: string;
  /** Sent in the GET verification of a webhook address. */
  verifyToken: string;
  /** [a fixed id] The Meta app that uploads and `debug_token` belong to. */
  appId?: string;
  /** Where webhooks go. Until one is set they are recorded as not sent. */
  webhookUrl?: string;
  numbers: NumberOption[];
  /** Seeded into every WABA. [`defaultTemplates`] */
  templates?: TemplateDefinition[];
  /** The stack's clock. [the machine's] */
  now?: () => Date;
  /**
   * Keeps media bytes as files here, and in `state.json` what a restart must not forget: service windows, people,
   * templates, accepted messages. [all in memory]
   */
  mediaDir?: string;
  /** Waits in ms between the tries of a refused webhook; the number of tries is one more. */
  webhookRetryMs?: number[];
  log?: (entry: GraphLogEntry) => void;
}

export interface GraphServer {
  /** `http://127.0.0.1:<port>`, no trailing slash. */
  url: string;
  port: number;
  /** Changes where webhooks go, from the next one on. */
  setWebhookUrl(url: string): void;
  /** Closes the server and cancels whatever was still to be sent. */
  stop(): Promise<void>;
}
