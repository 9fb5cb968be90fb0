import * as z from "zod";
import { processEnvironment, stageSchema } from "../../src/lib/env/env";

const layerArn = (layer: string) =>
  z
    .string({ error: `is not set. Publish layers/${layer} (see layers/serverless.yml) and give its ARN` })
    .regex(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/, "is not the ARN of a layer's version");

const deploySettingsSchema = z.object({
  ECOD_STAGE: stageSchema.refine(
    (stage) => stage !== "local" && stage !== "nostage",
    "must name a stage of its own: local is a developer's machine, nostage only a packaging try",
  ),
  FFMPEG_LAYER_ARN: layerArn("ffmpeg"),
  SHARP_LAYER_ARN: layerArn("sharp"),
});

/** The variables of this process. */
export function deploySettings(): Readonly<Record<string, string>> {
  return processEnvironment();
}

/** Why these settings cannot be deployed with: one sentence per setting, none when they can. */
export function deployProblems(settings: Readonly<Record<string, string | undefined>>): string[] {
  const parsed = deploySettingsSchema.safeParse(settings);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
}
