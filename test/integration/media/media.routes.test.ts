import { mediaPartBytes, mediaSchema } from "../../../src/contracts/media.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { mediaRoutes } from "../../../src/routes/crm/media.routes";
import { processMedia } from "../../../src/services/saas/media/media.service";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { phonePhoto } from "../../builders/media.builder";
import { type MediaTenant, mediaTenant } from "./media.tenant";

let media: MediaTenant;
let api: ApiClient;
const transport = lambdaTransport(mediaRoutes);
beforeAll(async () => {
  media = await mediaTenant();
  api = new ApiClient(transport, keysOf(media.tenant));
});
afterAll(() => closeAllConnections());

describe("media over HTTP", () => {
  test("a photo goes up in parts, is converted, and comes down", async () => {
    const photo = await phonePhoto(800, 600);
    const open = await api.post("/api/crm/media", {
      mime: "image/jpeg",
      size: photo.length,
      fileName: "a.jpg",
    });
    expect(open.status).toBe(201);
    const { id, upload } = open.as(mediaSchema);
    expect(upload).toEqual({ maxPartBytes: mediaPartBytes, parts: [] });

    const half = Math.floor(photo.length / 2);
    await api.put(`/api/crm/media/${id}/parts/1`, photo.subarray(0, half));
    const put = await api.put(`/api/crm/media/${id}/parts/2`, photo.subarray(half));
    expect(put.as(mediaSchema).upload?.parts).toEqual([
      { n: 1, size: half },
      { n: 2, size: photo.length - half },
    ]);
    const complete = await api.post(`/api/crm/media/${id}/complete`);
    expect(complete.status).toBe(200);
    expect(complete.as(mediaSchema)).toMatchObject({ state: "stored", upload: null });

    await processMedia(media.ctx, id, { signal: new AbortController().signal, lastAttempt: false });
    const shown = await api.get(`/api/crm/media/${id}`);
    expect(shown.as(mediaSchema)).toMatchObject({ state: "ready", mime: "image/jpeg", error: null });
    expect(shown.headers.etag).toBe(`"${shown.as(mediaSchema).version}"`);
    expect(shown.bytes.toString()).not.toContain("storageKey");

    const content = await api.get(`/api/crm/media/${id}/content`);
    expect(content).toMatchObject({ status: 200, headers: { "content-type": "image/jpeg" } });
    expect(content.bytes.length).toBe(shown.as(mediaSchema).size);
    const original = await api.get(`/api/crm/media/${id}/content?rendition=original`, { range: "bytes=0-3" });
    expect(original.status).toBe(206);
    expect(original.headers).toMatchObject({
      "content-range": `bytes 0-3/${photo.length}`,
      "content-disposition": expect.stringMatching(/^attachment; filename="a.jpg"/),
    });
    expect(original.bytes.equals(photo.subarray(0, 4))).toBe(true);
  });

  test("a part above 4 MB, JSON as a part, and a part without a number are refused", async () => {
    const { id } = (await api.post("/api/crm/media", { mime: "application/pdf", size: 9_000_000 })).as(
      mediaSchema,
    );
    const large = await api.put(`/api/crm/media/${id}/parts/1`, Buffer.alloc(mediaPartBytes + 1));
    expect(large.problem()).toMatchObject({ status: 413, code: "payload-too-large" });
    expect((await api.put(`/api/crm/media/${id}/parts/1`, { a: 1 })).status).toBe(415);
    for (const n of ["0", "101", "x", "1.5"]) {
      expect((await api.put(`/api/crm/media/${id}/parts/${n}`, Buffer.alloc(1))).status).toBe(400);
    }
    expect((await api.put(`/api/crm/media/${id}/parts/1`, Buffer.alloc(mediaPartBytes))).status).toBe(200);
  });

  test("what is not what was declared answers 422 and says what is taken", async () => {
    const html = Buffer.from("<!doctype html><script>alert(1)</script>");
    const { id } = (await api.post("/api/crm/media", { mime: "application/pdf", size: html.length })).as(
      mediaSchema,
    );
    await api.put(`/api/crm/media/${id}/parts/1`, html);
    const answer = await api.post(`/api/crm/media/${id}/complete`);
    expect(answer.problem()).toMatchObject({ status: 422, code: "media-type-mismatch" });
    expect((await api.get(`/api/crm/media/${id}`)).as(mediaSchema)).toMatchObject({
      state: "failed",
      error: { code: "media-type-mismatch" },
    });
  });

  test("unknown fields, odd sizes and unknown renditions are 400", async () => {
    for (const body of [
      { mime: "image/jpeg", size: 10, state: "ready" },
      { mime: "image/jpeg", size: 0 },
      { mime: "image/jpeg", size: 1e12 },
      { mime: "image/jpeg\r\nx: y", size: 10 },
      { mime: "image/jpeg", size: 10, sha256: "abc" },
    ]) {
      expect((await api.post("/api/crm/media", body)).problem()).toMatchObject({
        status: 400,
        code: "validation-failed",
      });
    }
    const { id } = (await api.post("/api/crm/media", { mime: "image/jpeg", size: 10 })).as(mediaSchema);
    expect((await api.get(`/api/crm/media/${id}/content?rendition=secret`)).status).toBe(400);
  });

  test("a file name of any shape is cleaned and goes into one header", async () => {
    const fileName = `../../etc/x\r\nSet-Cookie: a=b\u0000\u202e${"n".repeat(5_000)}`;
    const pdf = Buffer.from("%PDF-1.7\n");
    const { id } = (
      await api.post("/api/crm/media", { mime: "application/pdf", size: pdf.length, fileName })
    ).as(mediaSchema);
    await api.put(`/api/crm/media/${id}/parts/1`, pdf);
    const complete = (await api.post(`/api/crm/media/${id}/complete`)).as(mediaSchema);
    expect(complete.fileName).toMatch(/^xSet-Cookie: a=bn+$/);
    expect(complete.fileName?.length).toBe(200);
    const { headers } = await api.get(`/api/crm/media/${id}/content`);
    expect(headers["content-disposition"]).not.toMatch(/[\r\n\0]/);
    expect(headers["set-cookie"]).toBeUndefined();
  });

  test("another tenant gets 404 everywhere, and a key without the scope 403", async () => {
    const { id } = (await api.post("/api/crm/media", { mime: "image/jpeg", size: 10 })).as(mediaSchema);
    const stranger = new ApiClient(transport, keysOf(await createTenant()));
    for (const answer of [
      await stranger.get(`/api/crm/media/${id}`),
      await stranger.get(`/api/crm/media/${id}/content`),
      await stranger.put(`/api/crm/media/${id}/parts/1`, Buffer.alloc(1)),
      await stranger.post(`/api/crm/media/${id}/complete`),
    ]) {
      expect(answer.problem()).toMatchObject({ status: 404, code: "not-found" });
    }
    const reader = new ApiClient(
      transport,
      keysOf(await createTenant(undefined, { scopes: ["media:read"] })),
    );
    expect((await reader.post("/api/crm/media", { mime: "image/jpeg", size: 10 })).status).toBe(403);
  });
});
