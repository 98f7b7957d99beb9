import zlib from "node:zlib";

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Larger pieces than zlib's own 16 KiB, which would be joined in the end. */
const PIECE = 1024 * 1024;

/** Why an archive was not taken. */
export class ArchiveError extends Error {}

export function isCompressed(bytes: Uint8Array): boolean {
  return startsWith(bytes, GZIP) || startsWith(bytes, ZSTD);
}

/**
 * The archive itself, by what the file holds and not by its name. Stops as soon as it gets larger than `limit`, so that
 * a small file cannot take all memory.
 */
export function decompress(bytes: Uint8Array, limit: number): Uint8Array {
  const options = { maxOutputLength: limit, chunkSize: PIECE };
  try {
    if (startsWith(bytes, GZIP)) return toUint8Array(zlib.gunzipSync(bytes, options));
    if (startsWith(bytes, ZSTD)) return toUint8Array(unzstd()(bytes, options));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError(`it cannot be decompressed (${error instanceof Error ? error.message : error})`);
  }
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

export function tooLarge(limit: number): ArchiveError {
  return new ArchiveError(`decompressed it is larger than ${limit} bytes, the rest of the limit for archives`);
}

/** Node's types take it for granted. */
function unzstd(): typeof zlib.zstdDecompressSync {
  const { zstdDecompressSync } = zlib as Partial<typeof zlib>;
  if (zstdDecompressSync !== undefined) return zstdDecompressSync;
  throw new ArchiveError(`it is compressed by zstd, for which Node 22.15 or later is needed, not ${process.version}`);
}

/** As what files of the host are read to: a `Buffer` behaves differently. */
function toUint8Array({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, magic.length), magic) === 0;
}
