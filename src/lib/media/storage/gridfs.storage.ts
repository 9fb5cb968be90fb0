import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Connection, mongo, Types } from "mongoose";
import type { ClientCode } from "../../../contracts/common.contract";
import { tenantConnection } from "../../tenant/tenant.registry";
import { MediaBytesMissingError, type MediaStorage } from "./media.storage";

const bucketName = "media";
/** Larger than the default 255 KB: a part of 4 MB takes five writes instead of seventeen. */
const chunkSizeBytes = 1024 * 1024;

/** One bucket per connection: at its first write a bucket looks whether its indexes exist. */
const buckets = new WeakMap<Connection, mongo.GridFSBucket>();

/** The storage of a tenant: GridFS of its own database. Throws as `tenantConnection`. */
export async function tenantMediaStorage(clientCode: ClientCode): Promise<MediaStorage> {
  return gridFsStorage(await tenantConnection(clientCode));
}

/** Media storage in the GridFS bucket `media` of a connection's database. */
export function gridFsStorage(connection: Connection): MediaStorage {
  const bucket = bucketOf(connection);

  /** Whether or not the file was completed: a half-written one has chunks only. */
  async function remove(key: string): Promise<void> {
    const id = new Types.ObjectId(key);
    await connection.collection(`${bucketName}.files`).deleteOne({ _id: id });
    await connection.collection(`${bucketName}.chunks`).deleteMany({ files_id: id });
  }

  return {
    newKey: () => new Types.ObjectId().toHexString(),

    async write(key, content) {
      const hash = createHash("sha256");
      let size = 0;
      const upload = bucket.openUploadStreamWithId(new Types.ObjectId(key), key);
      await pipeline(
        Readable.from(content),
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        upload,
      ).catch(async (error: unknown) => {
        await remove(key);
        throw error;
      });
      return { size, sha256: hash.digest("hex") };
    },

    async *read(key, range) {
      const download = bucket.openDownloadStream(new Types.ObjectId(key), range);
      try {
        for await (const chunk of download) yield chunk;
      } catch (cause) {
        throw isMissing(cause)
          ? new MediaBytesMissingError(`Nothing is stored under media key ${key}.`, { cause })
          : cause;
      }
    },

    delete: remove,
  };
}

function bucketOf(connection: Connection): mongo.GridFSBucket {
  const known = buckets.get(connection);
  if (known) return known;
  if (!connection.db) throw new Error("The tenant's connection is not open.");
  const bucket = new mongo.GridFSBucket(connection.db, {
    bucketName,
    chunkSizeBytes,
    writeConcern: { w: "majority" },
  });
  buckets.set(connection, bucket);
  return bucket;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
