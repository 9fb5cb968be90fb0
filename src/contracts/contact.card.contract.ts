/**
 * Address cards as callers write them.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/messages/contacts-messages
 */
import * as z from "zod";
import { limitedText } from "./limited.text.contract";

const kindOf = limitedText(40).optional().meta({ description: "HOME, WORK, CELL, ...", example: "WORK" });
const line = (description: string, example: string) =>
  limitedText(250).optional().meta({ description, example });

export const contactCardSchema = z
  .strictObject({
    name: z
      .strictObject({
        formattedName: limitedText(250).meta({ description: "The whole name.", example: "Dr Ana Silva" }),
        firstName: line("First name.", "Ana"),
        lastName: line("Last name.", "Silva"),
        middleName: line("Middle name.", "Maria"),
        prefix: line("Before the name.", "Dr"),
        suffix: line("After the name.", "MD"),
      })
      .refine(
        ({ formattedName: _whole, ...parts }) => Object.values(parts).some((part) => part !== undefined),
        { error: "must have one part beside formattedName, e.g. firstName", path: ["firstName"] },
      )
      .meta({ description: "The person's name." }),
    phones: z
      .array(
        z.strictObject({
          phone: limitedText(40).meta({ description: "Phone number.", example: "+447700900123" }),
          waId: z
            .string()
            .regex(/^\d{7,15}$/, "must be 7 to 15 digits")
            .optional()
            .meta({
              description: "Its WhatsApp id: lets people write from the card.",
              example: "447700900123",
            }),
          type: kindOf,
        }),
      )
      .max(20)
      .optional()
      .meta({ description: "Phone numbers." }),
    emails: z
      .array(
        z.strictObject({
          email: z.email().max(254).meta({ description: "E-mail address.", example: "ana@example.com" }),
          type: kindOf,
        }),
      )
      .max(20)
      .optional()
      .meta({ description: "E-mail addresses." }),
    urls: z
      .array(
        z.strictObject({
          url: z.url().max(2_000).meta({ description: "Web address.", example: "https://acme.example" }),
          type: kindOf,
        }),
      )
      .max(20)
      .optional()
      .meta({ description: "Web addresses." }),
    addresses: z
      .array(
        z.strictObject({
          street: line("Street and number.", "1 High Street"),
          city: line("City.", "London"),
          state: line("State or province.", "England"),
          zip: line("Postal code.", "N1 1AA"),
          country: line("Country.", "United Kingdom"),
          countryCode: z
            .string()
            .regex(/^[A-Za-z]{2}$/, "must be two letters")
            .optional()
            .meta({ description: "ISO 3166 code.", example: "GB" }),
          type: kindOf,
        }),
      )
      .max(20)
      .optional()
      .meta({ description: "Postal addresses." }),
    org: z
      .strictObject({
        company: line("Company.", "Acme"),
        department: line("Department.", "Sales"),
        title: line("Position.", "Head of sales"),
      })
      .optional()
      .meta({ description: "Where the person works." }),
    birthday: z.iso.date().optional().meta({ description: "YYYY-MM-DD.", example: "1990-05-17" }),
  })
  .meta({ id: "ContactCard", example: { name: { formattedName: "Ana Silva", firstName: "Ana" } } });
export type ContactCard = z.output<typeof contactCardSchema>;
