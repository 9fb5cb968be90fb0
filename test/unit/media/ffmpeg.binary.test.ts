import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { admit, describeFfmpeg, ffmpegFloor, findFfmpeg } from "../../../src/lib/media/ffmpeg.binary";
import { mediaDirectory } from "../../builders/media.builder";

const nowhere = "/nonexistent/ffmpeg";
let directory: Awaited<ReturnType<typeof mediaDirectory>>;

beforeAll(async () => {
  directory = await mediaDirectory();
});
afterAll(() => directory.remove());

/** A program that answers `-version` as a build of that name would. */
async function binaryOfVersion(version: string): Promise<string> {
  const path = join(directory.path, `ffmpeg-${version}`);
  await writeFile(path, `#!/bin/sh\necho "ffmpeg version ${version} Copyright (c) the FFmpeg developers"\n`);
  await chmod(path, 0o700);
  return path;
}

describe("which ffmpeg is used", () => {
  test("FFMPEG_PATH goes before the layer, the layer before the npm package", async () => {
    const configured = await binaryOfVersion("9.0.2");
    const layer = await binaryOfVersion("8.1.2");
    expect(await findFfmpeg(configured, layer)).toMatchObject({ path: configured, source: "FFMPEG_PATH" });
    expect(await findFfmpeg("", layer)).toMatchObject({ path: layer, source: "layer" });
    expect(await findFfmpeg("", nowhere)).toMatchObject({ source: "package" });
  });

  test("an FFMPEG_PATH that leads nowhere is an error, not a silent change to another binary", async () => {
    await expect(findFfmpeg(nowhere)).rejects.toThrow("FFMPEG_PATH is /nonexistent/ffmpeg");
  });

  test.each([
    ["9.0.2", true],
    ["n9.0.2-17-g2a571b6068-20260930", true],
    ["8.1.2", true],
    ["8.2", true],
    ["8.1.1", false],
    ["5.1.9-0+deb12u1", false],
    ["N-47683-g0e8eb07980-static", false],
    ["2024-05-02-git-71669f2ad5", false],
  ])("release %s meets the floor: %s", async (version, meetsFloor) => {
    expect(await findFfmpeg(await binaryOfVersion(version))).toMatchObject({ version, meetsFloor });
  });

  test("the npm package's binary of 2018 is below the floor", async () => {
    expect(await findFfmpeg("", nowhere)).toMatchObject({ meetsFloor: false });
  });

  test("below the floor it is warned about in stage local and refused elsewhere", async () => {
    const old = await findFfmpeg(await binaryOfVersion("4.2"));
    const warnings: string[] = [];
    admit(old, true, (sentence) => warnings.push(sentence));
    expect(warnings).toEqual([expect.stringContaining(`older than ${ffmpegFloor}`)]);
    expect(() => admit(old, false, () => undefined)).toThrow(`older than ${ffmpegFloor}`);
    const current = await findFfmpeg(await binaryOfVersion("9.0.2"));
    admit(current, false, () => {
      throw new Error("must not warn");
    });
  });

  test("the health report names the binary and what is wrong with it", async () => {
    expect(await describeFfmpeg()).toMatchObject({
      floor: ffmpegFloor,
      binary: { version: expect.any(String) },
    });
  });
});
