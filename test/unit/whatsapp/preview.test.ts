import { requireMetaUrl } from "../../../src/lib/whatsapp/meta.url";
import { storable } from "../../../src/lib/whatsapp/storable";
import { messagePreview } from "../../../src/services/saas/messaging/message.preview";

test("a preview is one line and is cut between what a person sees as characters", () => {
  expect(messagePreview({ kind: "text", text: "Hello\n  there " })).toBe("Hello there");
  expect(messagePreview({ kind: "image", text: null })).toBe("Photo");
  const family = "👨‍👩‍👧‍👦";
  const cut = messagePreview({ kind: "text", text: family.repeat(40) });
  expect(cut).toMatch(/…$/);
  expect(cut.slice(0, -1).length % family.length).toBe(0);
  expect(cut.length).toBeLessThanOrEqual(121);
});

test("what is too deep to be read is kept as text", () => {
  let deep: Record<string, unknown> = { end: 1 };
  for (let depth = 0; depth < 60; depth += 1) deep = { in: deep };
  expect(JSON.stringify(storable(deep))).toContain('\\"end\\":1');
});

describe("media addresses", () => {
  test.each([
    "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
    "https://mmg.whatsapp.net/x",
    "http://127.0.0.1:2/media/1", // the test environment's Graph address
  ])("%s is Meta's", (url) => {
    expect(requireMetaUrl(url).href).toBe(url);
  });

  test.each([
    "http://lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com.evil.example/x",
    "https://evilfbsbx.com/x",
    "https://user:pass@lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com:8443/x",
    "https://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "not a url",
  ])("the token is not sent to %s", (url) => {
    expect(() => requireMetaUrl(url)).toThrow(expect.objectContaining({ code: "url-not-allowed" }));
  });
});
