import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { processEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { findMedia } from "../../../src/services/saas/media/media.record";
import { sweepMedia } from "../../../src/services/saas/media/media.sweep.service";
import { completeUpload, openUpload, putPart } from "../../../src/services/saas/media/media.upload.service";
import { type MediaTenant, mediaTenant, stored } from "./media.tenant";

const pdf = Buffer.from("%PDF-1.7\n");
let media: MediaTenant;
beforeEach(async () => {
  media = await mediaTenant();
});
afterAll(() => closeAllConnections());

/** Lets another process do the work, which is killed at the fail-point. */
async function killedAt(failpoint: string, mediaId: string, work: "part" | "complete"): Promise<void> {
  const child = join(__dirname, "media.kill.child.ts");
  const killed = promisify(execFile)(
    process.execPath,
    ["--import", "tsx", child, media.ctx.clientCode, mediaId, work],
    { env: processEnvironment({ FAILPOINT: failpoint }) },
  );
  await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
}

/** Two hours later: what the sweep takes up by then is all that it will. */
const later = () => ({ ...media.ctx, now: () => new Date(Date.now() + 2 * 3_600_000) });

describe("killed in the middle of an upload", () => {
  test("after a part's bytes were stored, the part is simply sent again", async () => {
    const { _id } = await openUpload(media.ctx, { mime: "application/pdf", size: pdf.length });
    const id = _id.toHexString();
    await killedAt("after-media-part-stored", id, "part");
    expect(await findMedia(media.ctx, id)).toMatchObject({ parts: [], looseKeys: [expect.any(String)] });
    await putPart(media.ctx, id, 1, pdf);
    await completeUpload(media.ctx, id);
    expect((await stored(media.ctx)).files).toBe(2);
    await sweepMedia(later());
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "ready", looseKeys: [] });
    expect(await stored(media.ctx)).toEqual({ files: 1, orphanChunks: 0 });
  });

  test("after the parts were put together, completing again ends it and nothing is stored twice", async () => {
    const { _id } = await openUpload(media.ctx, { mime: "application/pdf", size: pdf.length });
    const id = _id.toHexString();
    await putPart(media.ctx, id, 1, pdf);
    await killedAt("after-media-original-stored", id, "complete");
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "uploading" });
    await completeUpload(media.ctx, id);
    await sweepMedia(later());
    expect(await findMedia(media.ctx, id)).toMatchObject({ state: "ready", looseKeys: [] });
    expect(await stored(media.ctx)).toEqual({ files: 1, orphanChunks: 0 });
  });

  test("after the upload was settled, its answer is there and its parts' bytes go with the sweep", async () => {
    const { _id } = await openUpload(media.ctx, { mime: "application/pdf", size: pdf.length });
    const id = _id.toHexString();
    await putPart(media.ctx, id, 1, pdf);
    await killedAt("after-change-committed", id, "complete");
    expect(await completeUpload(media.ctx, id)).toMatchObject({ state: "ready" });
    await sweepMedia(later());
    expect(await findMedia(media.ctx, id)).toMatchObject({ looseKeys: [] });
    expect(await stored(media.ctx)).toEqual({ files: 1, orphanChunks: 0 });
  });
});
