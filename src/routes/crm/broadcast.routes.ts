import * as z from "zod";
import {
  broadcastPreviewSchema,
  broadcastRecipientSchema,
  broadcastReportSchema,
  broadcastSchema,
  createBroadcastSchema,
  listBroadcastsQuery,
  listRecipientsQuery,
  startBroadcastSchema,
  updateBroadcastSchema,
} from "../../contracts/broadcast.contract";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { previewBroadcast } from "../../services/saas/automation/broadcast/broadcast.preview";
import { reportBroadcast } from "../../services/saas/automation/broadcast/broadcast.report";
import {
  createBroadcast,
  deleteBroadcast,
  getBroadcast,
  listBroadcasts,
  listRecipients,
  updateBroadcast,
} from "../../services/saas/automation/broadcast/broadcast.service";
import {
  pauseBroadcast,
  resumeBroadcast,
  startBroadcast,
  stopBroadcast,
} from "../../services/saas/automation/broadcast/broadcast.steer";

const read = { kind: "tenant", scope: "automations:read" } as const;
const write = { kind: "tenant", scope: "automations:write" } as const;
const tag = "Broadcasts";
const path = "/api/crm/broadcasts";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The broadcast as it is now.", body: broadcastSchema } as const;

const reply = (broadcast: z.input<typeof broadcastSchema>) => ({
  body: broadcast,
  version: broadcast.version,
});

/** One template to everybody whom a search finds. */
export const broadcastRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listBroadcasts",
    method: "GET",
    path,
    tag,
    summary: "List broadcasts",
    description: "With their state and what holds them up.",
    auth: read,
    input: { query: listBroadcastsQuery },
    output: { status: 200, description: "Broadcasts, newest first.", body: pageSchema(broadcastSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listBroadcasts(ctx, query) }),
  }),
  defineRoute({
    operationId: "createBroadcast",
    method: "POST",
    path,
    tag,
    summary: "Draft a broadcast",
    description:
      "A template for the leads of a saved search, a condition or words. Nothing is sent before it is started.",
    auth: write,
    input: { body: createBroadcastSchema },
    output: { status: 201, description: "The draft.", body: broadcastSchema },
    problems: ["invalid-reference"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const broadcast = await createBroadcast(ctx, body);
      return { ...reply(broadcast), headers: { location: `${path}/${broadcast.id}` } };
    },
  }),
  defineRoute({
    operationId: "getBroadcast",
    method: "GET",
    path: `${path}/{id}`,
    tag,
    summary: "Read a broadcast",
    description: "Its state, and in `hold` why it does not go on now.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getBroadcast(ctx, id)),
  }),
  defineRoute({
    operationId: "updateBroadcast",
    method: "PATCH",
    path: `${path}/{id}`,
    tag,
    summary: "Change a draft",
    description: "Merge patch: absent stays. One that was started cannot be changed.",
    auth: write,
    input: { params, body: updateBroadcastSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-state", "invalid-reference"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateBroadcast(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteBroadcast",
    method: "DELETE",
    path: `${path}/{id}`,
    tag,
    summary: "Delete a draft",
    description: "One that was started stays, with its report.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed", "invalid-state"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteBroadcast(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
  defineRoute({
    operationId: "previewBroadcast",
    method: "POST",
    path: `${path}/{id}/preview`,
    tag,
    summary: "See whom it would reach",
    description: "How many the search finds now, and what the first of them would read. Nothing is sent.",
    // It renders texts about leads.
    auth: { ...read, also: "leads:read" },
    input: { params },
    output: { status: 200, description: "What it would do now.", body: broadcastPreviewSchema },
    problems: ["not-found", "invalid-reference"],
    run: async ({ ctx, params: { id } }) => ({ body: await previewBroadcast(ctx, id) }),
  }),
  defineRoute({
    operationId: "startBroadcast",
    method: "POST",
    path: `${path}/{id}/start`,
    tag,
    summary: "Start a broadcast",
    description:
      "Now, or at a time. What would fail for everybody is refused here. Asked again it answers the same.",
    auth: write,
    input: { params, body: startBroadcastSchema },
    output,
    problems: [
      "not-found",
      "invalid-state",
      "invalid-reference",
      "template-not-sendable",
      "missing-variable",
    ],
    run: async ({ ctx, params: { id }, body }) => reply(await startBroadcast(ctx, { id, at: body.at })),
  }),
  ...(
    [
      [
        "pause",
        "Pause a broadcast",
        "No further message is handed over; the few that were go.",
        pauseBroadcast,
      ],
      ["resume", "Go on with a broadcast", "From where it stands. Nobody gets it twice.", resumeBroadcast],
      [
        "stop",
        "Stop a broadcast",
        "For good: whoever is left gets nothing, and messages that were not sent yet are not sent.",
        stopBroadcast,
      ],
    ] as const
  ).map(([verb, summary, description, steer]) =>
    defineRoute({
      operationId: `${verb}Broadcast`,
      method: "POST",
      path: `${path}/{id}/${verb}`,
      tag,
      summary,
      description: `${description} Asked again it answers the same.`,
      auth: write,
      input: { params },
      output,
      problems: [
        "not-found",
        "invalid-state",
        "invalid-reference",
        "template-not-sendable",
        "missing-variable",
      ],
      run: async ({ ctx, params: { id } }) => reply(await steer(ctx, id)),
    }),
  ),
  defineRoute({
    operationId: "getBroadcastReport",
    method: "GET",
    path: `${path}/{id}/report`,
    tag,
    summary: "Read the report of a broadcast",
    description:
      "Progress while it runs; accepted, delivered, read, failed by code, answered, and who was left out and why.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The figures as they are now.", body: broadcastReportSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await reportBroadcast(ctx, id) }),
  }),
  defineRoute({
    operationId: "listBroadcastRecipients",
    method: "GET",
    path: `${path}/{id}/recipients`,
    tag,
    summary: "List the people of a broadcast",
    description: "Each with their message, or why they were left out or wait.",
    auth: read,
    input: { params, query: listRecipientsQuery },
    output: { status: 200, description: "People.", body: pageSchema(broadcastRecipientSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await listRecipients(ctx, { id, ...query }) }),
  }),
];
