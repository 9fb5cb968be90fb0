import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { compressImage, compressSticker } from "../../../src/lib/media/image";
import { phonePhoto } from "../../builders/media.builder";

const unsupported = { code: "media-unsupported", status: 422 };

/** A PNG of one colour, of any size, in a few hundred KB: a bomb for whoever decodes it. */
function hugePng(edge: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(edge, 0);
  header.writeUInt32BE(edge, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bit RGB
  const rows = deflateSync(Buffer.alloc((edge * 3 + 1) * 64));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", rows),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const noise = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({
    create: {
      width,
      height,
      channels,
      background: { r: 0, g: 0, b: 0, alpha: 0.5 },
      noise: { type: "gaussian", mean: 128, sigma: 60 },
    },
  });

describe("images for WhatsApp", () => {
  test("a phone's photo comes out upright and says nothing of camera or place", async () => {
    const photo = await phonePhoto(400, 300);
    const before = await sharp(photo).metadata();
    expect(before).toMatchObject({ orientation: 6, width: 400, height: 300 });
    expect(before.exif?.includes("ECOD Test Camera")).toBe(true);

    const image = await compressImage(photo);
    expect(image).toMatchObject({ mime: "image/jpeg", width: 300, height: 400 });
    const after = await sharp(image.bytes).metadata();
    expect(after).toMatchObject({ format: "jpeg", width: 300, height: 400, space: "srgb" });
    expect([after.exif, after.icc, after.xmp, after.iptc, after.orientation]).toEqual(
      Array(5).fill(undefined),
    );
    expect(image.bytes.includes("Exif")).toBe(false);
  });

  test("a large photo is shrunk to 1600 px and a small one is not blown up", async () => {
    const large = await noise(4000, 3000).jpeg({ quality: 92 }).toBuffer();
    const image = await compressImage(large);
    expect(image).toMatchObject({ width: 1600, height: 1200 });
    expect(image.bytes.length).toBeLessThan(large.length / 4);
    expect(await compressImage(await noise(90, 50).jpeg().toBuffer())).toMatchObject({
      width: 90,
      height: 50,
    });
  });

  test("a PNG stays PNG in 8 bit RGB, with its transparency", async () => {
    const grey16 = await noise(64, 64).toColourspace("grey16").png().toBuffer();
    expect(await sharp(grey16).metadata()).toMatchObject({ depth: "ushort" });
    const image = await compressImage(grey16);
    expect(image.mime).toBe("image/png");
    expect(await sharp(image.bytes).metadata()).toMatchObject({ depth: "uchar", channels: 3, space: "srgb" });
    const transparent = await compressImage(await noise(64, 64, 4).png().toBuffer());
    expect(await sharp(transparent.bytes).metadata()).toMatchObject({ format: "png", channels: 4 });
  });

  test("a PNG that would stay above WhatsApp's 5 MB becomes a JPEG", async () => {
    const image = await compressImage(await noise(1600, 1600, 3).png({ compressionLevel: 0 }).toBuffer());
    expect(image.mime).toBe("image/jpeg");
    expect(image.bytes.length).toBeLessThan(5 * 1024 * 1024);
  });

  test("WebP becomes JPEG, or PNG when it is transparent, since WhatsApp takes WebP as stickers only", async () => {
    expect(await compressImage(await noise(64, 64).webp().toBuffer())).toMatchObject({ mime: "image/jpeg" });
    expect(await compressImage(await noise(64, 64, 4).webp().toBuffer())).toMatchObject({
      mime: "image/png",
    });
  });

  test("CMYK from a print shop becomes sRGB", async () => {
    const cmyk = await noise(64, 64).toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    expect((await sharp((await compressImage(cmyk)).bytes).metadata()).space).toBe("srgb");
  });

  test("a sticker is a square WebP of 512 px and at most 100 KB", async () => {
    const sticker = await compressSticker(await noise(900, 300, 4).png().toBuffer());
    expect(sticker).toMatchObject({ mime: "image/webp", width: 512, height: 512 });
    expect(sticker.bytes.length).toBeLessThanOrEqual(100 * 1024);
  });
});

describe("images that are refused", () => {
  test("a PNG of 256 megapixels is refused from its header in less than a second", async () => {
    const bomb = hugePng(16_000);
    expect(bomb.length).toBeLessThan(1024 * 1024);
    await compressImage(await phonePhoto()); // sharp is loaded: what counts is the refusal
    const started = performance.now();
    await expect(compressImage(bomb)).rejects.toMatchObject({
      ...unsupported,
      detail: expect.stringContaining("50 megapixels"),
    });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test("a JPEG that was cut off is refused", async () => {
    const photo = await noise(800, 600).jpeg().toBuffer();
    await expect(compressImage(photo.subarray(0, photo.length / 2))).rejects.toMatchObject(unsupported);
  });

  test("SVG, GIF and TIFF are never opened, whatever they are called", async () => {
    await compressImage(await phonePhoto());
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"></svg>');
    const gif = Buffer.from(
      "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b",
      "hex",
    );
    const tiff = await noise(8, 8).tiff().toBuffer();
    for (const bytes of [svg, gif, tiff]) {
      await expect(compressImage(bytes)).rejects.toMatchObject(unsupported);
    }
  });

  test("bytes that are no image are refused with a sentence that says what to send", async () => {
    await expect(compressImage(Buffer.from("hello"))).rejects.toMatchObject({
      ...unsupported,
      detail: expect.stringContaining("JPEG"),
    });
    await expect(compressImage(Buffer.alloc(0))).rejects.toMatchObject(unsupported);
  });
});
