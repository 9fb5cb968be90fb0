import * as z from "zod";
import { type ClientView, newClientSchema, suspendSchema } from "../../contracts/client.contract";
import {
  createClient,
  getClient,
  listClients,
  resumeClient,
  suspendClient,
} from "../../services/clients/client.service";
import type { Verb } from "../command/verb";
import { scopesOf } from "./scopes";
import { secretOf } from "./secret.input";

export const clientVerbs: readonly Verb[] = [
  {
    name: "create",
    words: ["CODE"],
    about: "Make a client: its database, indexes, settings and first API key, which is shown once.",
    options: {
      name: { type: "string", value: "NAME", about: "Company's name. Default: the code." },
      uri: {
        type: "string",
        value: "URI",
        about: "Its cluster; `-` reads it from stdin. Default: MONGODB_URI.",
      },
      db: { type: "string", value: "NAME", about: "Its database. Default: <central>_t_<code>." },
      timezone: { type: "string", value: "ZONE", about: "IANA time zone. Default: UTC." },
      country: {
        type: "string",
        value: "CC",
        about: "Country that local phone numbers are of. Default: GB.",
      },
      currency: { type: "string", value: "CUR", about: "Currency of deals. Default: EUR." },
      scopes: { type: "string", value: "A,B", about: "What the first key may do. Default: everything." },
      "key-name": { type: "string", value: "NAME", about: "What the first key is for." },
    },
    async run({ ctx, words: [code = ""], text, progress }) {
      const input = newClientSchema.parse({
        clientCode: code,
        name: text("name") ?? code,
        uri: await secretOf(text("uri")),
        dbName: text("db"),
        timezone: text("timezone"),
        defaultCountry: text("country"),
        currency: text("currency"),
        keyName: text("key-name"),
      });
      const scopes = scopesOf(text("scopes"));
      const created = await createClient(ctx, input, { ...(scopes ? { scopes } : {}), progress });
      return {
        value: created,
        lines: [
          `Client ${created.client.clientCode} is ready; its data is in ${created.client.dbName}.`,
          "Its API key, shown this once:",
          `  ${created.apiKey.key}`,
        ],
      };
    },
  },
  {
    name: "list",
    words: [],
    about: "List the clients.",
    options: {
      status: {
        type: "string",
        value: "STATUS",
        about: "Only active, suspended, provisioning or offboarding ones.",
      },
    },
    async run({ text }) {
      const status = statusSchema.parse(text("status"));
      const clients: ClientView[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await listClients({ limit: 100, cursor, status });
        clients.push(...page.data);
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      const lines = clients.map(
        ({ clientCode, status, name }) => `${clientCode.padEnd(32)}${status.padEnd(14)}${name}`,
      );
      return { value: clients, lines: clients.length === 0 ? ["There are no clients."] : lines };
    },
  },
  {
    name: "show",
    words: ["CODE"],
    about: "Show one client: its state, database and keys.",
    options: {},
    async run({ words: [code = ""] }) {
      const client = await getClient(code);
      return { value: client, lines: describe(client) };
    },
  },
  {
    name: "suspend",
    words: ["CODE"],
    about: "Suspend a client within 30 s: its keys answer 403, its jobs wait, its webhooks are still stored.",
    options: { reason: { type: "string", value: "TEXT", about: "Why; for the platform team." } },
    async run({ ctx, words: [code = ""], text }) {
      const { reason } = suspendSchema.parse({ reason: text("reason") });
      const client = await suspendClient(ctx, code, reason);
      return { value: client, lines: [`Client ${code} is suspended; every container notices within 30 s.`] };
    },
  },
  {
    name: "resume",
    words: ["CODE"],
    about: "Take a suspension back.",
    options: {},
    async run({ ctx, words: [code = ""] }) {
      const client = await resumeClient(ctx, code);
      return { value: client, lines: [`Client ${code} is active; every container notices within 30 s.`] };
    },
  },
];

const statusSchema = z.enum(["provisioning", "active", "suspended", "offboarding"]).optional();

function describe(client: ClientView): string[] {
  return [
    `${client.clientCode}  ${client.name}`,
    `status      ${client.status}${client.suspendedReason === null ? "" : ` (${client.suspendedReason})`}`,
    `database    ${client.dbName ?? "none"}, data source version ${client.dataSourceVersion ?? 0}`,
    `migrations  ${client.migrated.join(", ") || "none"}`,
    ...client.apiKeys.map(
      ({ keyId, name, last4, revokedAt, expiresAt }) =>
        `key         ${keyId} ...${last4}  ${name}${endOf(revokedAt, expiresAt)}`,
    ),
  ];
}

function endOf(revokedAt: string | null, expiresAt: string | null): string {
  if (revokedAt !== null) return `, revoked ${revokedAt}`;
  return expiresAt === null ? "" : `, works until ${expiresAt}`;
}
