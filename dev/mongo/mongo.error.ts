/**
 * MongoDB could not be started. The message is complete for the person who reads it (what happened, why, what to do):
 * a command prints it alone, without a stack, and ends with a non-zero code.
 */
export class MongoSetupError extends Error {
  override readonly name = "MongoSetupError";
}
