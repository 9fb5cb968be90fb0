import type { ClientCode } from "../../../contracts/common.contract";
import { AppError } from "../../../lib/errors/app.error";
import { tokenSecretName } from "../../../lib/whatsapp/token.name";
import { readSecret } from "../../clients/secret.service";

/** The access token of a number. @throws AppError service-unavailable when none is stored. */
export async function readToken(clientCode: ClientCode, phoneNumberId: string): Promise<string> {
  const token = await readSecret(clientCode, tokenSecretName(phoneNumberId));
  if (token !== null) return token;
  throw new AppError("service-unavailable", "This WhatsApp number has no access token. Connect it again.");
}
