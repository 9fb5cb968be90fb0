import type { Connection, Model, Schema } from "mongoose";

/** The models of a record of schemas, under the same names. */
export type ModelsOf<S extends Record<string, Schema>> = {
  readonly [K in keyof S]: S[K] extends Schema<infer T> ? Model<T> : never;
};

/**
 * The models of one database, each compiled on that database's connection when it is first asked for: compiling is
 * what costs memory, and a function uses few of them.
 */
export function lazyModels<S extends Record<string, Schema>>(connection: Connection, schemas: S): ModelsOf<S>;
export function lazyModels(connection: Connection, schemas: Record<string, Schema>): object {
  const models: object = {};
  for (const [name, schema] of Object.entries(schemas)) {
    Object.defineProperty(models, name, {
      enumerable: true,
      get: () => connection.models[name] ?? connection.model(name, schema),
    });
  }
  return models;
}
