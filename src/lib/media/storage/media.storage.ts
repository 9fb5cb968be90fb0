/**
 * Where the bytes of media lie. GridFS of the tenant's own database today; an object store would implement the same.
 * Whoever writes names the key first and notes it, so that what a crash leaves half written can be deleted.
 */
export interface MediaStorage {
  /** A new key, not yet used; says nothing about the content. */
  newKey(): string;
  /**
   * Stores content under a key. All of it is there when this resolves; nothing can be read before.
   * @returns size in bytes and SHA-256 in hex of what was written
   * @throws whatever `content` throws; what was written of it is removed
   */
  write(key: string, content: AsyncIterable<Uint8Array>): Promise<{ size: number; sha256: string }>;
  /**
   * Reads content, or part of it. `end` is exclusive.
   * @throws MediaBytesMissingError, while reading, when nothing is stored under the key
   */
  read(key: string, range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
  /** Removes content, half-written content too; none is no error. */
  delete(key: string): Promise<void>;
}

/** The database refers to bytes that are not in the storage. */
export class MediaBytesMissingError extends Error {
  override readonly name = "MediaBytesMissingError";
}
