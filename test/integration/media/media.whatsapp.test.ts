import { Types } from "mongoose";
import { type GraphServer, startGraph } from "../../../dev/graph/start.graph";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import type { MediaAssetRecord } from "../../../src/model/saas/media.asset.schema";
import {
  type InboundMedia,
  registerInboundMediaInChange,
} from "../../../src/services/saas/media/media.inbound.service";
import { findMedia } from "../../../src/services/saas/media/media.record";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
import { phonePhoto, voiceRecording } from "../../builders/media.builder";
import { drainAll } from "../../setup/drain";
import { type MediaTenant, mediaTenant } from "./media.tenant";

const number = {
  phoneNumberId: "900100200300400",
  wabaId: "800100200300400",
  displayPhoneNumber: "+15550001111",
  verifiedName: "Acme",
  token: "token-of-acme",
};
let graph: GraphServer;
let media: MediaTenant;
let connectionId: Types.ObjectId;

beforeAll(async () => {
  graph = await startGraph({ appSecret: "s", verifyToken: "v", numbers: [number] });
  adoptEnvironment({ GRAPH_BASE_URL: graph.url });
  media = await mediaTenant();
  connectionId = new Types.ObjectId((await connectNumber(media.ctx, number)).connectionId);
});
afterAll(async () => {
  await closeAllConnections();
  await graph.stop();
});

/** Puts bytes onto Meta's side, as if a customer had sent them. @returns Meta's id */
async function atMeta(bytes: Buffer, mime: string): Promise<string> {
  const answer = await fetch(`${graph.url}/_sim/media?phoneNumberId=${number.phoneNumberId}`, {
    method: "POST",
    headers: { "content-type": mime },
    body: new Uint8Array(bytes),
  });
  const body: unknown = await answer.json();
  expect(body).toMatchObject({ id: expect.any(String) });
  return String(Object(body).id);
}

async function received(
  item: Pick<InboundMedia, "kind" | "mime"> & { mediaId: string },
): Promise<MediaAssetRecord> {
  const id = await commitChange(media.ctx, (change) =>
    registerInboundMediaInChange(media.ctx, change, {
      kind: item.kind,
      mime: item.mime,
      fileName: null,
      sha256: null,
      provider: { mediaId: item.mediaId, connectionId },
      leadId: new Types.ObjectId(),
      messageId: new Types.ObjectId(),
    }),
  );
  await drainAll();
  return findMedia(media.ctx, id.toHexString());
}

describe("media from WhatsApp, by the queue", () => {
  test("a voice note is fetched with the tenant's token and becomes Opus in Ogg", async () => {
    const mediaId = await atMeta(await voiceRecording(1), "audio/mp4");
    expect(await received({ kind: "audio", mime: "audio/mp4", mediaId })).toMatchObject({
      state: "ready",
      looseKeys: [],
      renditions: [
        { role: "original", mime: "audio/mp4" },
        { role: "processed", mime: "audio/ogg" },
      ],
    });
  });

  test("a photo is fetched and compressed", async () => {
    const mediaId = await atMeta(await phonePhoto(), "image/jpeg");
    expect(await received({ kind: "image", mime: "image/jpeg", mediaId })).toMatchObject({
      state: "ready",
      renditions: [{ role: "original" }, { role: "processed", width: 300, height: 400 }],
    });
  });

  test("what Meta does not have fails without being asked for again", async () => {
    expect(await received({ kind: "image", mime: "image/jpeg", mediaId: "1234567890" })).toMatchObject({
      state: "failed",
      attempts: 1,
      error: { code: "not-found" },
    });
  });
});
