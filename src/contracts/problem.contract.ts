/** The one shape of every error answer (RFC 9457, `application/problem+json`). */
import * as z from "zod";

const problemDetailSchema = z
  .object({
    pointer: z.string().meta({
      description:
        "JSON pointer to the place: `/phone` in the body, `/query/limit`, `/path/id`, `/header/if-match`.",
      example: "/phone",
    }),
    code: z.string().meta({ description: "What is wrong with it, for programs.", example: "required" }),
    detail: z.string().meta({ description: "What is wrong with it, for people.", example: "Is required." }),
  })
  .meta({ id: "ProblemDetail", description: "One thing wrong with one place of the request." });

export const problemSchema = z
  .looseObject({
    type: z.string().meta({
      description: "Identifies the kind of problem.",
      example: "urn:ecod:problem:validation-failed",
    }),
    title: z.string().meta({ description: "The kind of problem in words; the same for every occurrence." }),
    status: z.number().int().meta({ description: "The HTTP status.", example: 400 }),
    detail: z.string().meta({ description: "What happened this time, why, and what to do." }),
    instance: z.string().meta({
      description: "Identifies this occurrence.",
      example: "urn:ecod:request:0b0cfe2b-5f5e-4d7e-9d5c-3f4b4a1f8a51",
    }),
    code: z
      .string()
      .meta({ description: "The kind of problem, for programs.", example: "validation-failed" }),
    requestId: z.string().meta({ description: "The request's id, as in the `x-request-id` header." }),
    errors: z
      .array(problemDetailSchema)
      .optional()
      .meta({ description: "Which places of the request are wrong; absent when it is not about places." }),
  })
  .meta({ id: "Problem", description: "Why a request was not fulfilled." });
export type Problem = z.infer<typeof problemSchema>;
