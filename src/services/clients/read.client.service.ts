/** Clients, the tenants of the platform, as the administration reads them. */
import { trusted } from "mongoose";
import type * as z from "zod";
import type { ClientView, listClientsQuery } from "../../contracts/client.contract";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { type Page, pageOf } from "../../lib/query/page";
import { toClientView } from "./client.view";

/**
 * Clients by code.
 * @param query `limit` and `cursor` of the page; `status` filters
 * @throws AppError invalid-cursor
 */
export async function listClients(query: z.output<typeof listClientsQuery>): Promise<Page<ClientView>> {
  const { Client, ClientDataSource } = await getCentralModels();
  const page = await pageOf({ clientCode: null }, Client, {
    route: "listClients",
    query,
    filter: query.status === undefined ? {} : { status: query.status },
    sort: { clientCode: 1 },
  });
  const codes = page.data.map(({ clientCode }) => clientCode);
  const sources = await ClientDataSource.find({ clientCode: trusted({ $in: codes }) }).lean();
  const sourceOf = new Map(sources.map((source) => [source.clientCode, source]));
  return {
    ...page,
    data: page.data.map((client) => toClientView(client, sourceOf.get(client.clientCode) ?? null)),
  };
}

/** Null when there is no such client. */
export async function findClient(code: string): Promise<ClientView | null> {
  const { Client, ClientDataSource } = await getCentralModels();
  const [client, source] = await Promise.all([
    Client.findOne({ clientCode: code }).lean(),
    ClientDataSource.findOne({ clientCode: code }).lean(),
  ]);
  return client ? toClientView(client, source) : null;
}

/** @throws AppError not-found */
export async function getClient(code: string): Promise<ClientView> {
  const client = await findClient(code);
  if (!client) throw new AppError("not-found", "There is no client with this code.");
  return client;
}
