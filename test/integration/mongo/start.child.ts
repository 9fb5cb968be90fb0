/**
 * Starts a MongoDB with the options given as JSON and prints what it got as one line of JSON. Stays until SIGTERM, or
 * stops at once with "once" as second argument. An error is printed as its message, with code 1.
 */
import { startMongo } from "../../../dev/mongo/start.mongo";

async function main(): Promise<void> {
  const mongo = await startMongo({
    ...JSON.parse(process.argv[2] ?? "{}"),
    log: (line: string) => console.error(line),
  });
  const alive = setInterval(() => {}, 1_000);
  const stop = async () => {
    clearInterval(alive);
    await mongo.stop();
  };
  process.once("SIGTERM", () => void stop());
  const { uri, source, version, pid } = mongo;
  console.log(JSON.stringify({ uri, source, version, pid }));
  if (process.argv[3] === "once") await stop();
}

main().catch((error: Error) => {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
});
