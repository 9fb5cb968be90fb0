import { setTimeout as sleep } from "node:timers/promises";
import { type ClientView, rotateUriSchema } from "../../contracts/client.contract";
import { migrateCentral } from "../../lib/db/central.migrations";
import { isLocalStage } from "../../lib/env/env";
import { AppError } from "../../lib/errors/app.error";
import type { MigrationOutcome } from "../../services/clients/client.database.service";
import {
  getClient,
  migrateClient,
  migrateEveryClient,
  offboardClient,
  rotateUri,
  suspendClient,
} from "../../services/clients/client.service";
import { exportsFolder, suspensionSettlesMs } from "../../services/clients/offboard.client.service";
import { UsageError, type Verb } from "../command/verb";
import { secretOf } from "./secret.input";

export const databaseVerbs: readonly Verb[] = [
  {
    name: "rotate-uri",
    words: ["CODE"],
    about: "Give a client other credentials or another place, where its data is already.",
    options: {
      uri: { type: "string", value: "URI", about: "The connection string; `-` reads it from stdin." },
      db: { type: "string", value: "NAME", about: "The database there. Default: the present name." },
    },
    async run({ ctx, words: [code = ""], text }) {
      const uri = await secretOf(text("uri"));
      if (uri === undefined)
        throw new UsageError("Give the connection string: --uri URI, or --uri - for stdin.");
      const client = await rotateUri(ctx, code, rotateUriSchema.parse({ uri, dbName: text("db") }));
      return {
        value: client,
        lines: [
          `Client ${code} has data source version ${client.dataSourceVersion}; every container uses it within 30 s.`,
          "Keep the old credentials working that long.",
        ],
      };
    },
  },
  {
    name: "migrate",
    words: ["[CODE]"],
    migrates: true,
    about:
      "Bring databases to what this version declares: the central one and every client's, or one client's.",
    options: {
      contract: {
        type: "boolean",
        about:
          "Also drop and replace indexes no longer declared so, when no older version runs. Stage local: always.",
      },
    },
    async run({ ctx, words: [code], flag, progress }) {
      const options = { contract: flag("contract") || isLocalStage() };
      const outcomes: MigrationOutcome[] = [];
      const heard = (outcome: MigrationOutcome): void => {
        outcomes.push(outcome);
        progress(sentenceOf(outcome));
      };
      if (code === undefined) {
        const { created, dropped } = await migrateCentral(options);
        progress(`central: ${created.length} indexes created, ${dropped.length} dropped`);
        await migrateEveryClient(ctx, options, heard);
      } else {
        heard({ clientCode: code, report: await migrateClient(ctx, code, options) });
      }
      const failed = outcomes.filter((outcome) => "error" in outcome).length;
      return {
        value: outcomes.map((outcome) =>
          "report" in outcome
            ? outcome.report
            : { clientCode: outcome.clientCode, error: wordsOf(outcome.error) },
        ),
        lines: [`${outcomes.length - failed} clients are up to date, ${failed} failed.`],
        failed: failed > 0,
      };
    },
  },
  {
    name: "offboard",
    words: ["CODE"],
    about:
      "Export a client's data into a folder, then drop everything of it. An active one is suspended first.",
    options: {
      confirm: { type: "string", value: "CODE", about: "The client's code once more." },
      out: { type: "string", value: "FOLDER", about: `Where the export goes. Default: ${exportsFolder}.` },
    },
    async run({ ctx, words: [code = ""], text, progress }) {
      const confirm = text("confirm") ?? "";
      if (confirm !== code)
        throw new UsageError(`This deletes the client's data. Confirm with --confirm ${code}.`);
      const { status } = await getClient(code);
      const client =
        status === "active" ? await suspendClient(ctx, code, "offboarding") : await getClient(code);
      const waitMs = settlingMs(client, ctx.now());
      if (waitMs > 0) {
        progress(`It is suspended; waiting ${Math.ceil(waitMs / 1_000)} s for every container to notice.`);
        await sleep(waitMs);
      }
      const exportTo = text("out") ?? exportsFolder;
      const left = await offboardClient(ctx, code, { confirm, exportTo, progress });
      return {
        value: left,
        lines: [
          `Client ${code} is gone.`,
          ...(left.exported
            ? [`Its data: ${left.exported.folder} (${left.exported.documents} documents).`]
            : []),
        ],
      };
    },
  },
];

/** How long a client's suspension still needs to be noticed everywhere. */
function settlingMs({ suspendedAt }: ClientView, now: Date): number {
  return suspendedAt === null ? 0 : suspensionSettlesMs - (now.getTime() - new Date(suspendedAt).getTime());
}

function sentenceOf(outcome: MigrationOutcome): string {
  if ("error" in outcome) return `${outcome.clientCode}: FAILED. ${wordsOf(outcome.error)}`;
  const { ran, indexesCreated, indexesDropped, indexesSurplus } = outcome.report;
  const parts = [
    ran.length > 0 ? `ran ${ran.join(", ")}` : "no migration to run",
    `${indexesCreated.length} indexes created`,
    ...(indexesDropped.length > 0 ? [`${indexesDropped.length} dropped`] : []),
    ...(indexesSurplus.length > 0 ? [`${indexesSurplus.length} to drop with --contract`] : []),
  ];
  return `${outcome.clientCode}: ${parts.join(", ")}`;
}

function wordsOf(error: unknown): string {
  return error instanceof AppError
    ? error.detail
    : `Unexpected ${error instanceof Error ? error.name : "error"}.`;
}
