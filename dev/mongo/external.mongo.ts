import { mongo } from "mongoose";
import * as z from "zod";
import { MongoSetupError } from "./mongo.error";

const ANSWER_LIMIT_MS = 5_000;

const helloSchema = z.object({ setName: z.string().optional(), msg: z.string().optional() });
const buildInfoSchema = z.object({ version: z.string() });

/** The hosts of a connection string, without user, password and options, so that it can be printed. */
export function hostsOf(uri: string): string {
  const authority = uri.replace(/^mongodb(\+srv)?:\/\//, "").split(/[/?]/)[0] ?? "";
  return authority.slice(authority.lastIndexOf("@") + 1);
}

/** Asks a server for its version. */
export async function serverVersion(client: mongo.MongoClient): Promise<string> {
  return buildInfoSchema.parse(await client.db("admin").command({ buildInfo: 1 })).version;
}

/**
 * Checks that MONGODB_URI leads to a replica set or a sharded cluster and answers with its version.
 * @throws MongoSetupError when nothing answers in 5 s, access is refused, or it is a standalone server.
 */
export async function checkExternal(uri: string): Promise<string> {
  const hosts = hostsOf(uri);
  let client: mongo.MongoClient | undefined;
  try {
    client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: ANSWER_LIMIT_MS, appName: "ecod-start" });
    await client.connect();
    const hello = helloSchema.parse(await client.db("admin").command({ hello: 1 }));
    if (hello.setName === undefined && hello.msg !== "isdbgrid")
      throw new MongoSetupError(
        `MONGODB_URI leads to a standalone server (${hosts}), which has no transactions and change streams. Start it with --replSet and initiate the set, or unset MONGODB_URI.`,
      );
    return await serverVersion(client);
  } catch (error) {
    if (error instanceof MongoSetupError) throw error;
    throw new MongoSetupError(
      `MONGODB_URI is set, but the server at ${hosts} cannot be used (${whatWentWrong(error)}). Start it, correct the address, or unset MONGODB_URI to have a server started for you.`,
      { cause: error },
    );
  } finally {
    await client?.close();
  }
}

function whatWentWrong(error: unknown): string {
  if (error instanceof mongo.MongoServerSelectionError) return `no answer within ${ANSWER_LIMIT_MS / 1000} s`;
  if (error instanceof mongo.MongoServerError) return `it refused: ${error.codeName ?? "no reason given"}`;
  return error instanceof Error ? error.message : String(error);
}
