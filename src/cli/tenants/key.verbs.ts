import { rotateKeySchema } from "../../contracts/client.contract";
import { createAdminKey, listAdminKeys, revokeAdminKey } from "../../services/clients/admin.key.service";
import { revokeKey, rotateKey } from "../../services/clients/client.service";
import { resealSecrets } from "../../services/clients/reseal.service";
import { UsageError, type Verb } from "../command/verb";
import { scopesOf } from "./scopes";

export const keyVerbs: readonly Verb[] = [
  {
    name: "rotate-key",
    words: ["CODE"],
    about: "Make a new API key, shown once; the keys it replaces work on for the overlap.",
    options: {
      name: { type: "string", value: "NAME", about: "What the key is for." },
      "overlap-hours": {
        type: "string",
        value: "N",
        about: "How long replaced keys still work. Default: 24.",
      },
      replaces: {
        type: "string",
        value: "ID,ID",
        about: "Keys that it replaces; `none` for none. Default: all.",
      },
      scopes: { type: "string", value: "A,B", about: "What it may do. Default: what the replaced keys may." },
    },
    async run({ ctx, words: [code = ""], text }) {
      const input = rotateKeySchema.parse({
        name: text("name"),
        overlapHours: numberOf(text("overlap-hours")),
        replaces: text("replaces") === "none" ? [] : text("replaces")?.split(","),
      });
      const shown = await rotateKey(ctx, code, input, scopesOf(text("scopes")));
      return { value: shown, lines: ["The new API key, shown this once:", `  ${shown.key}`] };
    },
  },
  {
    name: "revoke-key",
    words: ["CODE", "KEYID"],
    about: "Make an API key useless, everywhere within 15 s.",
    options: {},
    async run({ ctx, words: [code = "", keyId = ""] }) {
      const client = await revokeKey(ctx, code, keyId);
      return { value: client, lines: [`The key ${keyId} of ${code} is revoked.`] };
    },
  },
  {
    name: "admin-key",
    words: ["create|list|revoke", "[NAME]"],
    about: "Manage the platform team's own keys; a new one is shown once.",
    options: {},
    async run({ ctx, words: [verb, name] }) {
      if (verb === "list") {
        const keys = await listAdminKeys();
        const lines = keys.map(
          (key) => `${key.name.padEnd(32)}${key.keyId}  ${key.revokedAt === null ? "works" : "revoked"}`,
        );
        return { value: keys, lines: keys.length === 0 ? ["There are no admin keys."] : lines };
      }
      if (name === undefined)
        throw new UsageError("Name the admin key, e.g. `tenants admin-key create anna`.");
      if (verb === "create") {
        const made = await createAdminKey(ctx, { name });
        return { value: made, lines: [`The admin key ${name}, shown this once:`, `  ${made.key}`] };
      }
      if (verb !== "revoke") throw new UsageError("An admin key can be created, listed or revoked.");
      await revokeAdminKey(ctx, name);
      return { value: { name, revoked: true }, lines: [`The admin key ${name} is revoked.`] };
    },
  },
  {
    name: "reseal",
    words: [],
    about: "Seal every stored secret with the first master key, so that an older one can be retired.",
    options: {},
    async run({ ctx }) {
      const result = await resealSecrets(ctx);
      return {
        value: result,
        lines: [`${result.resealed} secrets were sealed with the current master key.`],
      };
    },
  },
];

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === "" || Number.isNaN(number))
    throw new UsageError("--overlap-hours takes a number of hours.");
  return number;
}
