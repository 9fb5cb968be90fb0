import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createTaskSchema,
  listTasksQuery,
  taskSchema,
  updateTaskSchema,
} from "../../contracts/task.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  completeTask,
  createTask,
  deleteTask,
  getTask,
  listTasks,
  reopenTask,
  updateTask,
} from "../../services/saas/crm/task.service";

const read = { kind: "tenant", scope: "tasks:read" } as const;
const write = { kind: "tenant", scope: "tasks:write" } as const;
const tag = "Tasks";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The task as it is now.", body: taskSchema } as const;

const reply = (task: z.input<typeof taskSchema>) => ({
  body: task,
  version: task.version,
  ...(task.leadId === null ? {} : { leadId: task.leadId }),
});

const turns = [
  {
    verb: "complete",
    operationId: "completeTask",
    summary: "Complete a task",
    description: "Done again it stays as it was; who did it and when is kept.",
    run: completeTask,
  },
  {
    verb: "reopen",
    operationId: "reopenTask",
    summary: "Open a task again",
    description: "For what turns out not to be done; it is due as before.",
    run: reopenTask,
  },
] as const;

/** What people are to do. */
export const taskRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listTasks",
    method: "GET",
    path: "/api/crm/tasks",
    tag,
    summary: "List tasks",
    description: "By person, lead, state and due time.",
    auth: read,
    input: { query: listTasksQuery },
    output: {
      status: 200,
      description: "Tasks by their due time, those without one last.",
      body: pageSchema(taskSchema),
    },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listTasks(ctx, query) }),
  }),
  defineRoute({
    operationId: "createTask",
    method: "POST",
    path: "/api/crm/tasks",
    tag,
    summary: "Create a task",
    description: "Whoever is to do it is notified, and again when it is due.",
    auth: write,
    input: { body: createTaskSchema },
    output: { status: 201, description: "The task.", body: taskSchema },
    problems: ["invalid-reference"],
    idempotent: true,
    run: async ({ ctx, body, effectKey }) => {
      const task = await createTask(ctx, { ...body, effectKey });
      return { ...reply(task), headers: { location: `/api/crm/tasks/${task.id}` } };
    },
  }),
  defineRoute({
    operationId: "getTask",
    method: "GET",
    path: "/api/crm/tasks/{id}",
    tag,
    summary: "Read a task",
    description: "What is to be done, by whom, and by when.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getTask(ctx, id)),
  }),
  defineRoute({
    operationId: "updateTask",
    method: "PATCH",
    path: "/api/crm/tasks/{id}",
    tag,
    summary: "Change a task",
    description: "Merge patch: absent stays, null takes away. Whoever it is given to is notified.",
    auth: write,
    input: { params, body: updateTaskSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-reference"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateTask(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteTask",
    method: "DELETE",
    path: "/api/crm/tasks/{id}",
    tag,
    summary: "Delete a task",
    description: "It is gone for good; the timeline keeps that it was there.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteTask(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
  ...turns.map(({ verb, operationId, summary, description, run }) =>
    defineRoute({
      operationId,
      method: "POST",
      path: `/api/crm/tasks/{id}/${verb}`,
      tag,
      summary,
      description,
      auth: write,
      input: { params },
      output,
      problems: ["not-found", "precondition-failed"],
      run: async ({ ctx, params: { id }, ifMatch }) => reply(await run(ctx, { id, ifMatch })),
    }),
  ),
];
