import type { Sharp, SharpOptions } from "sharp";
import { MediaToolError, mediaUnsupported } from "./media.errors";
import { mediaLimits, mediaRules } from "./media.rules";

export interface CompressedImage {
  readonly bytes: Buffer;
  readonly mime: "image/jpeg" | "image/png" | "image/webp";
  readonly width: number;
  readonly height: number;
}

type SharpFactory = (input: Uint8Array, options: SharpOptions) => Sharp;

const inputOptions: SharpOptions = {
  limitInputPixels: mediaLimits.image.maxPixels,
  // "error" refuses truncated files, but not the harmless warnings that some phones' JPEGs give
  failOn: "error",
  animated: false,
  pages: 1,
};

const unreadable =
  "The image cannot be read: it is damaged, or not a JPEG, PNG or WebP. Export it again as JPEG or PNG.";

let sharpOnce: Promise<SharpFactory> | undefined;

/**
 * Makes an image what WhatsApp takes (JPEG, or PNG where it came as PNG or is transparent; 8 bit sRGB, at most 1600 px
 * and 5 MB): upright, without EXIF, GPS, ICC or other metadata. Always decodes and encodes anew, so nothing hidden in
 * the file survives.
 *
 * @param source the whole file
 * @throws AppError `media-unsupported` when it is damaged, of another format, has over 50 megapixels or takes over 10 s
 * @throws MediaToolError when sharp is not installed on this machine
 */
export async function compressImage(source: Uint8Array): Promise<CompressedImage> {
  const sharp = await loadSharp();
  const { format, hasAlpha } = await readHeader(sharp, source);
  const upright = () =>
    open(sharp, source).resize({
      width: mediaLimits.image.maxEdge,
      height: mediaLimits.image.maxEdge,
      fit: "inside",
      withoutEnlargement: true,
    });
  if (format === "png" || hasAlpha) {
    const png = await encode(upright().png(), "image/png");
    if (png.bytes.length <= mediaRules.image.whatsappMaxBytes) return png;
  }
  const jpeg = await encode(upright().flatten({ background: "#ffffff" }).jpeg({ quality: 80 }), "image/jpeg");
  if (jpeg.bytes.length > mediaRules.image.whatsappMaxBytes) {
    throw mediaUnsupported("The image stays above WhatsApp's 5 MB even when compressed. Send a smaller one.");
  }
  return jpeg;
}

/**
 * Makes a sticker as WhatsApp takes it: static WebP of 512 x 512 px, at most 100 KB. Of an animation the first frame stays.
 * @throws as `compressImage`
 */
export async function compressSticker(source: Uint8Array): Promise<CompressedImage> {
  const sharp = await loadSharp();
  await readHeader(sharp, source);
  const edge = mediaLimits.image.stickerEdge;
  for (const quality of [80, 50, 25]) {
    const square = open(sharp, source).resize({
      width: edge,
      height: edge,
      fit: "contain",
      background: { r: 0, g: 0, b: 0, alpha: 0 },
    });
    const sticker = await encode(square.webp({ quality }), "image/webp");
    if (sticker.bytes.length <= mediaRules.sticker.whatsappMaxBytes) return sticker;
  }
  throw mediaUnsupported(
    "The sticker stays above WhatsApp's 100 KB even when compressed. Use a simpler picture.",
  );
}

/** sharp, loaded at first use (it takes 100 ms and 20 MB) and locked down for the whole process. */
function loadSharp(): Promise<SharpFactory> {
  sharpOnce ??= import("sharp").then(
    ({ default: sharp }) => {
      sharp.cache(false);
      sharp.concurrency(1);
      sharp.block({ operation: ["VipsForeignLoad"] });
      sharp.unblock({ operation: ["VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp"] });
      return sharp;
    },
    (cause: unknown) => {
      sharpOnce = undefined;
      throw new MediaToolError(
        "sharp cannot be loaded, so images cannot be processed here. Deploy the sharp layer, or run npm ci on this platform.",
        { cause },
      );
    },
  );
  return sharpOnce;
}

function open(sharp: SharpFactory, source: Uint8Array): Sharp {
  return sharp(source, inputOptions)
    .timeout({ seconds: mediaLimits.image.timeLimitSeconds })
    .autoOrient()
    .toColourspace("srgb");
}

/** Reads the header only, so that a bomb is refused before a pixel is decoded. */
async function readHeader(sharp: SharpFactory, source: Uint8Array) {
  try {
    const header = await sharp(source, { ...inputOptions, limitInputPixels: false }).metadata();
    if (header.width * header.height <= mediaLimits.image.maxPixels) return header;
  } catch (cause) {
    throw mediaUnsupported(unreadable, cause);
  }
  throw mediaUnsupported("The image has more than 50 megapixels. Send a smaller one.");
}

async function encode(image: Sharp, mime: CompressedImage["mime"]): Promise<CompressedImage> {
  try {
    const { data, info } = await image.toBuffer({ resolveWithObject: true });
    return { bytes: data, mime, width: info.width, height: info.height };
  } catch (cause) {
    throw mediaUnsupported(unreadable, cause);
  }
}
