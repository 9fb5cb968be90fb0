import { makePhoto } from "../samples";
import { type Lead, mediaOf, rangeBytes, type Story, size } from "../story";
import { DemoFailure } from "../transcript";

/** A photo: smaller, upright, silent about the place. */
export async function photo(story: Story, lead: Lead): Promise<void> {
  const { say, world, tenant, customer } = story;
  say.chapter("and a photo, lying on its side, with the place where it was taken");
  const original = await makePhoto();
  await say.step("as a phone takes it", async () => {
    await world.inbound({
      phoneNumberId: tenant.phoneNumberId,
      from: customer.phone,
      name: customer.name,
      type: "image",
      mimeType: "image/jpeg",
      caption: "My tooth",
      mediaBase64: original.toString("base64"),
    });
    return `${size(original.length)}, 3000 x 2000, orientation 6, GPS inside`;
  });
  await say.step("compressed, upright, and silent about the place", async () => {
    const media = await mediaOf(story, lead, "image");
    const bytes = await story.api.bytes(`/media/${media.id}/content`, `bytes=0-${rangeBytes - 1}`);
    const { default: sharp } = await import("sharp");
    const seen = await sharp(bytes).metadata();
    if (bytes.length >= original.length) throw new DemoFailure("the photo did not get smaller");
    if (seen.exif || seen.orientation !== undefined) throw new DemoFailure("the photo still holds metadata");
    if ((seen.width ?? 0) >= (seen.height ?? 0)) throw new DemoFailure("the photo still lies on its side");
    return `media ${media.id}: ${size(bytes.length)}, ${seen.width} x ${seen.height} ${seen.format}, no EXIF`;
  });
}
