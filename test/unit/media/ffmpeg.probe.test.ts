import { parseProbe } from "../../../src/lib/media/ffmpeg.probe";

const report = (...lines: string[]) =>
  ["Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'in.bin':", ...lines].join("\n");

describe("reading what ffmpeg prints of a file", () => {
  test("reads the layout of the 2018 binary", () => {
    expect(
      parseProbe(
        report(
          "  Duration: 10:00:05.02, start: 0.000000, bitrate: 135 kb/s",
          "    Stream #0:0(und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 640x480 [SAR 1:1 DAR 4:3], 52 kb/s, 25 fps, 25 tbr",
          "    Stream #0:1(und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 74 kb/s (default)",
        ),
      ),
    ).toEqual({
      durationSeconds: 36_005.02,
      video: { codec: "h264", pixelFormat: "yuv420p", width: 640, height: 480, framesPerSecond: 25 },
      audio: { codec: "aac", sampleRate: 44_100, layout: "mono" },
      streams: 2,
      streamsWithData: 2,
    });
  });

  test("reads the layout of current releases, with stream ids and colours in brackets", () => {
    expect(
      parseProbe(
        report(
          "  Duration: N/A, start: 0.000000, bitrate: N/A",
          "  Stream #0:0[0x1](eng): Video: hevc (Main) (hev1 / 0x31766568), yuv420p(tv, bt709, progressive), 1920x1080 [SAR 1:1 DAR 16:9], 45 kb/s, 29.97 fps, 30 tbr",
          "  Stream #0:1[0x2](eng): Audio: aac (LC), 48000 Hz, 5.1(side), fltp",
          "  Stream #0:2[0x3](und): Data: none (mebx / 0x7862656D), 0 kb/s",
        ),
      ),
    ).toMatchObject({
      durationSeconds: null,
      video: { codec: "hevc", pixelFormat: "yuv420p", width: 1920, height: 1080, framesPerSecond: 29.97 },
      audio: { layout: "5.1(side)" },
      streams: 2,
      streamsWithData: 3,
    });
  });

  test("does not take the variable rate of a browser's recording for a thousand frames a second", () => {
    const probe = parseProbe(
      report("  Stream #0:0: Video: vp8, yuv420p, 640x480, SAR 1:1 DAR 4:3, 1k tbr, 1k tbn"),
    );
    expect(probe?.video?.framesPerSecond).toBeNull();
  });

  test("counts a cover picture as a track, but not as the video", () => {
    const probe = parseProbe(
      report(
        "  Stream #0:0: Audio: mp3, 44100 Hz, stereo, fltp",
        "  Stream #0:1: Video: png, rgb24(pc), 100x100, 90k tbr",
      ),
    );
    expect(probe).toMatchObject({ streams: 2, video: null, audio: { codec: "mp3" } });
  });

  test("is not taken in by a tag that looks like a stream, nor by what comes after the report", () => {
    const probe = parseProbe(
      report(
        "  Metadata:",
        "    title           : a",
        "                    : Stream #0:9: Video: h264, yuv420p, 1x1",
        "  Stream #0:0: Audio: opus, 48000 Hz, mono, fltp",
        "Stream mapping:",
        "  Stream #0:0: Audio: pcm_s16le, 48000 Hz, mono, s16",
      ),
    );
    expect(probe).toMatchObject({ streams: 1, video: null });
  });

  test("says null when ffmpeg did not open the file", () => {
    expect(parseProbe("in.bin: Invalid data found when processing input")).toBeNull();
  });
});
