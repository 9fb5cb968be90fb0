import type { Connection } from "mongoose";
import { type CentralSchemas, centralSchemas } from "../../model/clients";
import { centralConnection } from "./central.connection";
import { lazyModels, type ModelsOf } from "./lazy.models";

export type CentralModels = ModelsOf<CentralSchemas>;

const compiled = new WeakMap<Connection, CentralModels>();

/** The models of the central database. @throws the driver's error when it does not answer within 5 s. */
export async function getCentralModels(): Promise<CentralModels> {
  const connection = await centralConnection();
  const known = compiled.get(connection);
  if (known) return known;
  const models = lazyModels(connection, centralSchemas);
  compiled.set(connection, models);
  return models;
}
