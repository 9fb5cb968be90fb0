import type { ContactCard } from "../../../contracts/contact.card.contract";
import type { OutgoingContent } from "../../../contracts/outgoing.content.contract";
import { type ComposedContent, composed } from "./composed.content";

type Place = Extract<OutgoingContent, { kind: "location" }>["location"];

export function composeLocation({ latitude, longitude, name, address }: Place): ComposedContent {
  return composed("location", {
    text: name ?? address ?? null,
    content: { latitude, longitude, name: name ?? null, address: address ?? null, url: null },
  });
}

/** Address cards in Meta's form. */
export function composeContacts(cards: readonly ContactCard[]): ComposedContent {
  return composed("contacts", {
    text: cards.map(({ name }) => name.formattedName).join(", "),
    content: { contacts: cards.map(metaCard) },
  });
}

function metaCard({ name, phones, emails, urls, addresses, org, birthday }: ContactCard) {
  return given({
    name: given({
      formatted_name: name.formattedName,
      first_name: name.firstName,
      last_name: name.lastName,
      middle_name: name.middleName,
      prefix: name.prefix,
      suffix: name.suffix,
    }),
    phones: phones?.map(({ phone, waId, type }) => given({ phone, wa_id: waId, type })),
    emails: emails?.map(given),
    urls: urls?.map(given),
    addresses: addresses?.map(({ countryCode, ...address }) =>
      given({ ...address, country_code: countryCode }),
    ),
    org: org && given(org),
    birthday,
  });
}

/** Without the fields that nobody gave. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
