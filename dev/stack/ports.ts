import { createServer } from "node:net";

/** Whether 127.0.0.1:`port` can be listened on now; 0 asks for a free one. @returns the port, or undefined if taken. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}

/** A free port. */
export async function freePort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw new Error("This machine has no free port on 127.0.0.1.");
  return port;
}

/** `wanted` if it is free, else any free one: for servers whose address is told anyway. */
export async function portOrFree(wanted: number): Promise<number> {
  return (await tryPort(wanted)) ?? freePort();
}

/** @throws Error with one clear sentence when the port that was asked for is taken. */
export async function requirePort(port: number): Promise<number> {
  const got = await tryPort(port);
  if (got === undefined)
    throw new Error(`Port ${port} is taken. Stop what listens there, or choose another with --port N.`);
  return got;
}
