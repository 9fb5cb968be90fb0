/** A pipeline as columns of leads. */
import * as z from "zod";
import { objectIdSchema, pageQuery, pageSchema, tagSchema } from "./common.contract";
import { leadSchema } from "./lead.contract";
import { searchLeadsSchema } from "./lead.search.contract";
import { moneySums, stageSchema } from "./pipeline.contract";
import { textLine } from "./text.contract";

const leadFilters = {
  ownerId: textLine(128).optional().meta({ description: "Owner.", example: "maria" }),
  tag: tagSchema.optional(),
};
const columnSize = z.coerce.number().int().min(1).max(100).default(25);

export const boardQuery = z.strictObject({
  ...leadFilters,
  limit: columnSize.meta({ description: "Leads of each column.", example: 25 }),
});
export type BoardQuery = z.output<typeof boardQuery>;

/** The leads of a board by condition and words, as in lead searches. */
const asked = {
  condition: searchLeadsSchema.shape.condition,
  query: searchLeadsSchema.shape.query,
};

export const searchBoardSchema = z
  .strictObject({
    ...asked,
    limit: columnSize.meta({ description: "Leads of each column.", example: 25 }),
  })
  .meta({ id: "BoardSearch" });
export type SearchBoard = z.output<typeof searchBoardSchema>;

export const searchStageLeadsSchema = z
  .strictObject({ ...asked, limit: pageQuery.limit, cursor: pageQuery.cursor })
  .meta({ id: "StageLeadSearch" });
export type SearchStageLeads = z.output<typeof searchStageLeadsSchema>;

export const listStageLeadsQuery = z.strictObject({ ...leadFilters, ...pageQuery });
export type ListStageLeads = z.output<typeof listStageLeadsQuery>;

export const boardSchema = z
  .object({
    pipelineId: objectIdSchema,
    version: z.number().int().meta({ description: "Version of the pipeline." }),
    columns: z
      .array(
        z.object({
          stage: stageSchema,
          count: z.number().int().meta({ description: "Leads in the column.", example: 120 }),
          countIsCapped: z
            .boolean()
            .meta({ description: "There are more than `count`; only with a filter or a condition." }),
          values: moneySums,
          leads: pageSchema(leadSchema).meta({
            description:
              "First page in the order of the column; go on at …/stages/{stageId}/leads, after a search at …/leads/search.",
          }),
        }),
      )
      .meta({ description: "One for each stage, in their order." }),
  })
  .meta({ id: "Board", description: "A pipeline as columns." });
export type Board = z.input<typeof boardSchema>;
