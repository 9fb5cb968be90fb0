import { createServer } from "node:net";
import { MongoSetupError } from "./mongo.error";

const HOST = "127.0.0.1";

/** Listens for a moment. Answers with the port (a free one for 0), or undefined when it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    probe.listen({ port, host: HOST, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}

async function freePort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw new MongoSetupError(`There is no free port on ${HOST}.`);
  return port;
}

/**
 * Ports for the members of a set: from `wanted` upwards if given, else those of the last start where still free.
 * @throws MongoSetupError when a wanted port is taken.
 */
export async function choosePorts(
  count: number,
  wanted: number | undefined,
  last: readonly number[],
): Promise<number[]> {
  const ports: number[] = [];
  for (let index = 0; index < count; index++) {
    if (wanted) {
      const port = await tryPort(wanted + index);
      if (port === undefined)
        throw new MongoSetupError(
          `Port ${wanted + index} for mongod is taken by another program. Stop that one, or choose another port.`,
        );
      ports.push(port);
      continue;
    }
    const before = last[index];
    const again = before === undefined ? undefined : await tryPort(before);
    let port = again ?? (await freePort());
    while (ports.includes(port)) port = await freePort();
    ports.push(port);
  }
  return ports;
}
