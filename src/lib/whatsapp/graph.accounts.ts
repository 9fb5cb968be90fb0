/** @see https://developers.facebook.com/docs/whatsapp/business-management-api/manage-phone-numbers */
import { numberAnswerSchema, numbersPageSchema, successAnswerSchema } from "../../contracts/graph.contract";
import { dataOf } from "./graph.call.error";
import { callGraph } from "./graph.request";

export interface NumberInfo {
  readonly displayPhoneNumber: string;
  readonly verifiedName: string | null;
  readonly qualityRating: string | null;
  readonly messagingLimit: string | null;
  readonly nameStatus: string | null;
  readonly codeVerification: string | null;
  readonly platform: string | null;
  /** Null: Meta does not say. */
  readonly messagesPerSecond: number | null;
}

const numberFields = [
  "id",
  "display_phone_number",
  "verified_name",
  "quality_rating",
  "name_status",
  "code_verification_status",
  "platform_type",
  "whatsapp_business_manager_messaging_limit",
  "throughput",
].join(",");

/** Meta's words for a number's throughput. */
const throughputs = new Map([
  ["STANDARD", 80],
  ["HIGH", 1_000],
]);

/** What Meta says of a number. @throws GraphCallError, e.g. when the token does not reach it. */
export async function readNumber(input: { token: string; phoneNumberId: string }): Promise<NumberInfo> {
  const number = dataOf(
    await callGraph({
      method: "GET",
      path: `/${encodeURIComponent(input.phoneNumberId)}`,
      query: { fields: numberFields },
      token: input.token,
      answer: numberAnswerSchema,
    }),
  );
  return {
    displayPhoneNumber: number.display_phone_number,
    verifiedName: number.verified_name ?? null,
    qualityRating: number.quality_rating ?? null,
    messagingLimit: number.whatsapp_business_manager_messaging_limit ?? null,
    nameStatus: number.name_status ?? null,
    codeVerification: number.code_verification_status ?? null,
    platform: number.platform_type ?? null,
    messagesPerSecond: throughputs.get(number.throughput?.level?.toUpperCase() ?? "") ?? null,
  };
}

/** Ids of the numbers of an account. @throws GraphCallError */
export async function listNumberIds(input: { token: string; wabaId: string }): Promise<readonly string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const { data, paging } = dataOf(
      await callGraph({
        method: "GET",
        path: `/${encodeURIComponent(input.wabaId)}/phone_numbers`,
        query: { fields: "id", limit: "100", ...(after === undefined ? {} : { after }) },
        token: input.token,
        answer: numbersPageSchema,
      }),
    );
    ids.push(...data.map(({ id }) => id));
    const next = paging?.next === undefined ? undefined : paging.cursors?.after;
    after = next === after ? undefined : next;
  } while (after !== undefined);
  return ids;
}

/** Asks for the account's webhooks; without it none come. @throws GraphCallError */
export async function subscribeApp(input: { token: string; wabaId: string }): Promise<void> {
  dataOf(
    await callGraph({
      method: "POST",
      path: `/${encodeURIComponent(input.wabaId)}/subscribed_apps`,
      token: input.token,
      answer: successAnswerSchema,
    }),
  );
}
