/** The product's main job, told step by step and checked step by step against the API. */
import type { Stack } from "../stack/stack.file";
import { loadKeys } from "../stack/stack.keys";
import { appointment } from "./chapters/appointment.chapter";
import { automation } from "./chapters/automation.chapter";
import { broadcast } from "./chapters/broadcast.chapter";
import { conversation } from "./chapters/conversation.chapter";
import { crash } from "./chapters/crash.chapter";
import { firstMessage } from "./chapters/first.message.chapter";
import { isolation } from "./chapters/isolation.chapter";
import { photo } from "./chapters/photo.chapter";
import { createRules } from "./chapters/rules.chapter";
import { stageMove } from "./chapters/stage.move.chapter";
import { voiceNote } from "./chapters/voice.note.chapter";
import { welcome } from "./chapters/welcome.chapter";
import { adminOf, apiOf, controlsOf } from "./clients";
import type { Story } from "./story";
import { DemoFailure, type Transcript } from "./transcript";

/**
 * Runs every chapter.
 * @param folder where the stack keeps its keys
 * @throws DemoFailure at the first thing that is not as it must be.
 */
export async function runMainJob(stack: Stack, folder: string, say: Transcript): Promise<void> {
  const [tenant, second] = stack.tenants;
  if (!tenant || !second) throw new DemoFailure("The stack has fewer than two tenants.");
  const story: Story = {
    say,
    api: apiOf(stack, tenant),
    other: apiOf(stack, second),
    admin: adminOf(stack),
    world: controlsOf(stack),
    tenant,
    customer: { phone: "351912345678", name: "Ana Souza" },
    settings: await settingsOf(stack, folder),
  };
  await createRules(story);
  const lead = await firstMessage(story);
  await welcome(story, lead);
  await conversation(story, lead);
  await crash(story, lead);
  await voiceNote(story, lead);
  await photo(story, lead);
  await stageMove(story, lead);
  await appointment(story, lead);
  await automation(story);
  await broadcast(story);
  await isolation(story, lead);
}

async function settingsOf(stack: Stack, folder: string): Promise<Record<string, string>> {
  const { masterKey } = await loadKeys(folder);
  return {
    ECOD_STAGE: "local",
    MONGODB_URI: stack.mongoUri,
    ECOD_CENTRAL_DB: "services",
    ECOD_MASTER_KEY: masterKey,
    GRAPH_BASE_URL: stack.graphUrl,
  };
}
