/** The templates every WABA has at the start, unless others are given. */
import type { TemplateDefinition } from "../graph.options";

const body = (text: string, ...examples: string[]) => ({
  type: "BODY",
  text,
  ...(examples.length > 0 ? { example: { body_text: [examples] } } : {}),
});

const namedBody = (text: string, examples: Record<string, string>) => ({
  type: "BODY",
  text,
  example: {
    body_text_named_params: Object.entries(examples).map(([param_name, example]) => ({
      param_name,
      example,
    })),
  },
});

export const defaultTemplates: TemplateDefinition[] = [
  {
    name: "welcome",
    language: "en_US",
    category: "UTILITY",
    parameter_format: "NAMED",
    components: [
      namedBody("Hello {{first_name}}, thank you for writing to us. We answer within the hour.", {
        first_name: "Ana",
      }),
    ],
  },
  {
    name: "follow_up",
    language: "en_US",
    category: "MARKETING",
    parameter_format: "NAMED",
    components: [
      namedBody("Hi {{first_name}}, are you still interested? We kept your offer for you.", {
        first_name: "Ana",
      }),
      { type: "FOOTER", text: "Reply STOP to opt out" },
      {
        type: "BUTTONS",
        buttons: [
          { type: "QUICK_REPLY", text: "Yes" },
          { type: "QUICK_REPLY", text: "Stop" },
        ],
      },
    ],
  },
  {
    name: "appointment_confirmation",
    language: "en_US",
    category: "UTILITY",
    components: [body("Hi {{1}}, your appointment on {{2}} is confirmed.", "Ana", "1 December, 10:00")],
  },
  {
    name: "appointment_reminder",
    language: "en_US",
    category: "UTILITY",
    components: [
      body("Hi {{1}}, a reminder: your appointment is on {{2}}. See you then!", "Ana", "1 December, 10:00"),
      {
        type: "BUTTONS",
        buttons: [
          { type: "QUICK_REPLY", text: "Confirm" },
          { type: "QUICK_REPLY", text: "Move" },
        ],
      },
    ],
  },
  {
    name: "order_update",
    language: "en_US",
    category: "UTILITY",
    components: [
      { type: "HEADER", format: "TEXT", text: "Order {{1}}", example: { header_text: ["A-17"] } },
      body("Hi {{1}}, your order {{2}} is ready.", "Ana", "A-17"),
      { type: "FOOTER", text: "Acme" },
      {
        type: "BUTTONS",
        buttons: [
          { type: "QUICK_REPLY", text: "Thanks" },
          {
            type: "URL",
            text: "Track",
            url: "https://acme.example/t/{{1}}",
            example: ["https://acme.example/t/A-17"],
          },
          { type: "PHONE_NUMBER", text: "Call", phone_number: "+447700900000" },
        ],
      },
    ],
  },
  {
    name: "photo_offer",
    language: "en_US",
    category: "MARKETING",
    components: [
      { type: "HEADER", format: "IMAGE", example: { header_handle: ["4::aW1hZ2U="] } },
      body("Look what we have for you, {{1}}! It is yours until Friday.", "Ana"),
    ],
  },
  {
    name: "hello_world",
    language: "en_US",
    category: "UTILITY",
    components: [
      body("Welcome and congratulations! This message shows that your number can send templates."),
    ],
  },
  {
    name: "login_code",
    language: "en_US",
    category: "AUTHENTICATION",
    message_send_ttl_seconds: 600,
    components: [
      { type: "BODY", add_security_recommendation: true },
      { type: "FOOTER", code_expiration_minutes: 10 },
      { type: "BUTTONS", buttons: [{ type: "OTP", otp_type: "COPY_CODE", text: "Copy code" }] },
    ],
  },
  {
    name: "paused_offer",
    language: "en_US",
    category: "MARKETING",
    status: "PAUSED",
    quality: "RED",
    components: [body("Hi {{1}}, this offer rests for a while.", "Ana")],
  },
  {
    name: "old_notice",
    language: "en_US",
    category: "UTILITY",
    status: "REJECTED",
    components: [body("Buy now, {{1}}, before it is too late!", "Ana")],
  },
];
