// The layers that media functions use: those whose ARNs are given. None is right for packaging and the local stack;
// `npm run deploy` refuses when one is missing.
module.exports = async ({ resolveVariable }) => {
  const arns = [
    await resolveVariable("env:FFMPEG_LAYER_ARN, ''"),
    await resolveVariable("env:SHARP_LAYER_ARN, ''"),
  ];
  return arns.filter((arn) => arn !== "");
};
