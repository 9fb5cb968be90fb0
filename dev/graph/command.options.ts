/** Command line of `npm run graph`: flags in, options out. */
import { parseArgs } from "node:util";
import * as z from "zod";
import { type NumberOption, numberOptionSchema } from "./graph.options";

export const help = `Fake Meta Graph server: WhatsApp Cloud API on this machine, for development and tests.

Usage: npm run graph -- [options]

  --port N              port on 127.0.0.1 (default 4010; 0 takes a free one)
  --webhook URL         where signed webhooks go; can be set later with POST /_sim/webhook
  --verify              do Meta's GET handshake with the webhook address at the start
  --app-secret TEXT     signs webhooks (default sim-app-secret)
  --verify-token TEXT   token of the GET handshake (default sim-verify-token)
  --number JSON         a business number, repeatable; default: two numbers in two accounts. Example:
                        '{"phoneNumberId":"900100200300400","wabaId":"800100200300400",
                          "displayPhoneNumber":"+15550001111","verifiedName":"Acme","token":"sim-token-1"}'
  --media-dir DIR       keep media bytes as files there (default: in memory)
  --quiet               print the address only
  --help                this text

Stop it with Ctrl-C. Everything about it: docs/graph-simulator.md`;

const defaultNumbers: NumberOption[] = [
  {
    phoneNumberId: "900100200300400",
    wabaId: "800100200300400",
    displayPhoneNumber: "+15550001111",
    verifiedName: "Acme Dental",
    token: "sim-token-1",
  },
  {
    phoneNumberId: "900100200300500",
    wabaId: "800100200300500",
    displayPhoneNumber: "+15550002222",
    verifiedName: "Other Motors",
    token: "sim-token-2",
  },
];

const commandSchema = z.object({
  port: z.coerce.number("must be a number").int().min(0).max(65_535).default(4010),
  webhook: z.url("must be an address such as http://127.0.0.1:3000/api/webhooks/whatsapp").optional(),
  verify: z.boolean().default(false),
  "app-secret": z.string().min(1).default("sim-app-secret"),
  "verify-token": z.string().min(1).default("sim-verify-token"),
  number: z.array(z.string().transform(numberFromJson).pipe(numberOptionSchema)).default(defaultNumbers),
  "media-dir": z.string().min(1).optional(),
  quiet: z.boolean().default(false),
  help: z.boolean().default(false),
});

export type Command = z.infer<typeof commandSchema>;

/** Thrown for a command line that cannot be used; the message is ready to print. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** @throws CommandError for an unknown flag or a bad value */
export function parseCommand(args: string[]): Command {
  const parsed = commandSchema.safeParse(flagsOf(args));
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `--${issue.path.map(String).join(" ")} ${issue.message}`);
  throw new CommandError(`${lines.join("\n")}\nSee npm run graph -- --help`);
}

function flagsOf(args: string[]): unknown {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string" },
        webhook: { type: "string" },
        verify: { type: "boolean" },
        "app-secret": { type: "string" },
        "verify-token": { type: "string" },
        number: { type: "string", multiple: true },
        "media-dir": { type: "string" },
        quiet: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    throw new CommandError(
      `${cause instanceof Error ? cause.message : String(cause)}\nSee npm run graph -- --help`,
    );
  }
}

function numberFromJson(text: string, context: z.core.$RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
}
