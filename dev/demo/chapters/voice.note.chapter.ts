import { describeAudio, makeVoiceNote, playThrough } from "../samples";
import { type Lead, type Media, mediaOf, rangeBytes, type Story, size } from "../story";
import { DemoFailure } from "../transcript";

/** A voice note: downloaded, made Opus, played from end to end. */
export async function voiceNote(story: Story, lead: Lead): Promise<void> {
  const { say, world, tenant, customer } = story;
  say.chapter("The customer sends a voice note");
  const recording = await makeVoiceNote();
  await say.step("as a phone records it", async () => {
    await world.inbound({
      phoneNumberId: tenant.phoneNumberId,
      from: customer.phone,
      name: customer.name,
      type: "audio",
      voice: true,
      mimeType: "audio/mp4",
      mediaBase64: recording.toString("base64"),
    });
    return `${size(recording.length)}, ${await describeAudio(recording)}`;
  });
  let media: Media | undefined;
  await say.step("downloaded from Meta and made WhatsApp's own format", async () => {
    media = await mediaOf(story, lead, "audio");
    return `media ${media.id}: ${media.mime}, ${size(media.size ?? 0)}`;
  });
  await say.step("Opus, mono, and it plays from end to end", async () => {
    if (!media) throw new DemoFailure("there is no media");
    const bytes = await story.api.bytes(`/media/${media.id}/content`, `bytes=0-${rangeBytes - 1}`);
    const said = await describeAudio(bytes);
    if (!said.startsWith("opus, 48000 Hz, mono")) throw new DemoFailure(`the audio is ${said}`);
    const seconds = await playThrough(bytes);
    if (seconds < 3.5 || seconds > 4.6) throw new DemoFailure(`it plays ${seconds.toFixed(2)} s of 4 s`);
    return `Audio: ${said}; ${seconds.toFixed(2)} s`;
  });
}
