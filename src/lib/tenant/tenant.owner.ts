/** The mark in a tenant's database that says whose it is: written when it is set up, read whenever it is opened. */
import type { Connection } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import { AppError } from "../errors/app.error";

/** Where the mark stands, beside the record of the migrations. */
export const migrationsCollection = "_migrations";

interface OwnerMark {
  _id: "owner";
  clientCode: string;
}

/** Whose database this is; null when it was never set up. */
export async function readOwner(connection: Connection): Promise<string | null> {
  const mark = await connection.collection<OwnerMark>(migrationsCollection).findOne({ _id: "owner" });
  return mark?.clientCode ?? null;
}

/**
 * Marks the database as this tenant's. Repeating it changes nothing.
 * @throws AppError conflict when it is another tenant's.
 */
export async function claimDatabase(connection: Connection, clientCode: ClientCode): Promise<void> {
  const mark = await connection
    .collection<OwnerMark>(migrationsCollection)
    .findOneAndUpdate(
      { _id: "owner" },
      { $setOnInsert: { clientCode } },
      { upsert: true, returnDocument: "after" },
    );
  if (mark?.clientCode !== clientCode)
    throw new AppError(
      "conflict",
      "This database belongs to another client. Name another database, or another cluster.",
    );
}
