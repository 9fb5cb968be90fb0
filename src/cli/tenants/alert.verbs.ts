import { alertListQuerySchema } from "../../contracts/alert.contract";
import { closeAlert, listAlerts } from "../../services/clients/alert.service";
import { UsageError, type Verb } from "../command/verb";

export const alertVerbs: readonly Verb[] = [
  {
    name: "alerts",
    words: [],
    about: "Show what a person must look at: paused numbers, dead jobs. The latest first.",
    options: {
      client: { type: "string", value: "CODE", about: "Only of this client." },
      code: { type: "string", value: "KIND", about: "Only of this kind." },
      state: { type: "string", value: "STATE", about: "open (as when absent) or closed." },
    },
    async run({ text }) {
      const query = alertListQuerySchema.safeParse({
        limit: 100,
        clientCode: text("client"),
        code: text("code"),
        state: text("state"),
      });
      if (!query.success)
        throw new UsageError("--state is open or closed; --client and --code as the list shows them.");
      const { data, hasMore } = await listAlerts(query.data);
      const lines = data.map(({ id, clientCode, code, count, lastAt, detail }) =>
        [id, lastAt, clientCode ?? "-", code, `${count}x`, detail].join("  "),
      );
      return {
        value: data,
        lines: [
          ...(lines.length > 0 ? lines : ["No alerts."]),
          ...(hasMore ? ["There are more; narrow it down by --client or --code."] : []),
        ],
      };
    },
  },
  {
    name: "close-alert",
    words: ["ID"],
    about: "Close an alert by hand. It opens anew when its cause happens again.",
    options: {},
    async run({ ctx, words: [id = ""] }) {
      const alert = await closeAlert(ctx, id);
      return { value: alert, lines: [`${alert.code} of ${alert.clientCode ?? "the platform"} is closed.`] };
    },
  },
];
