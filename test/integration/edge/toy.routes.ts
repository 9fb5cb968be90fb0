/** Routes made for the tests of the edge itself: they count, wait and fail on request. */
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { AppError } from "../../../src/lib/errors/app.error";
import { defineRoute, type Route } from "../../../src/lib/http/define.route";

const toySchema = z.object({ name: z.string(), runs: z.number() });
const toyBody = z.strictObject({
  name: z.string().min(1).max(20),
  nested: z.strictObject({ list: z.array(z.number()).max(3) }).optional(),
  fail: z.enum(["rate-limited", "internal-error", "duplicate"]).optional(),
  waitMs: z.number().optional(),
});

/** Toys whose runs are counted by name, over one table. */
export function toyRoutes(): { routes: readonly Route[]; runs: Map<string, number> } {
  const runs = new Map<string, number>();
  const routes = [
    defineRoute({
      operationId: "makeToy",
      method: "POST",
      path: "/api/crm/toys",
      tag: "Toys",
      summary: "Make a toy",
      auth: { kind: "tenant", scope: "leads:write" },
      input: { body: toyBody, query: z.object({ colour: z.enum(["red", "blue"]).optional() }) },
      output: { status: 201, description: "Made.", body: toySchema },
      problems: ["duplicate", "rate-limited"],
      idempotent: true,
      maxBodyBytes: 1_000,
      async run({ body }) {
        const count = (runs.get(body.name) ?? 0) + 1;
        runs.set(body.name, count);
        if (body.waitMs) await sleep(body.waitMs);
        if (body.fail === "internal-error") throw new Error("the secret text of a driver");
        if (body.fail) throw new AppError(body.fail, "As the test asked.");
        return { body: { name: body.name, runs: count }, version: count, headers: { location: "/toys/1" } };
      },
    }),
    defineRoute({
      operationId: "getToy",
      method: "GET",
      path: "/api/crm/toys/{id}",
      tag: "Toys",
      summary: "Read a toy",
      auth: { kind: "tenant", scope: "leads:read" },
      input: { params: z.object({ id: z.string().regex(/^\d+$/) }) },
      output: { status: 200, description: "A toy.", body: toySchema },
      problems: [],
      // The extra member stands for a field that a record has and the API must not show.
      run: async ({ params, ctx }) => {
        const toy = { name: `${ctx.clientCode}/${ctx.actor.name}/${params.id}`, runs: 0, hidden: "inner" };
        return { body: toy, version: 7 };
      },
    }),
    defineRoute({
      operationId: "changeToy",
      method: "PATCH",
      path: "/api/crm/toys/{id}",
      tag: "Toys",
      summary: "Change a toy",
      auth: { kind: "tenant", scope: "leads:write" },
      input: { body: toyBody.partial() },
      output: { status: 200, description: "A toy.", body: toySchema },
      problems: ["precondition-failed"],
      async run({ ifMatch }) {
        if (ifMatch !== undefined && ifMatch !== 7)
          throw new AppError("precondition-failed", "It changed.", {
            extensions: { current: { version: 7 } },
          });
        return { body: { name: "changed", runs: 0 }, version: 8 };
      },
    }),
    defineRoute({
      operationId: "breakToy",
      method: "DELETE",
      path: "/api/crm/toys/{id}",
      tag: "Toys",
      summary: "Answer with something the schema does not know",
      auth: { kind: "public" },
      input: {},
      output: { status: 200, description: "Never.", body: z.object({ id: z.string().max(3) }) },
      problems: [],
      run: async () => ({ body: { id: "longer than the schema takes" } }),
    }),
    defineRoute({
      operationId: "putToyBytes",
      method: "PUT",
      path: "/api/crm/toys/{id}/bytes",
      tag: "Toys",
      summary: "Send bytes, get them back",
      auth: { kind: "public" },
      input: { body: { bytes: true, contentType: "application/octet-stream", maxBytes: 1_000 } },
      output: { status: 200, description: "The bytes.", contentType: "application/octet-stream" },
      problems: [],
      run: async ({ body }) => ({ body }),
    }),
  ];
  return { routes, runs };
}
