const BLOCK = 512;

/** Of a header block (ustar): how long what follows it is, in octal digits, and of what type. */
const SIZE = { at: 124, length: 12 };
const TYPE = 156;

const EXTENDED = "x".charCodeAt(0);
const GLOBAL = "g".charCodeAt(0);

/** The names in extended headers (pax), as they are. */
export interface PaxNames {
  readonly path?: Buffer;
  readonly linkpath?: Buffer;
}

/**
 * The parser leaves records out that are not as long as it finds them when it has read them as text, and takes what fits into
 * the old header for the whole name.
 *
 * @param raw - all that stands before an entry's contents
 */
export function paxNames(raw: Buffer): PaxNames {
  const names: { -readonly [K in keyof PaxNames]: PaxNames[K] } = {};
  for (let at = 0; at + BLOCK < raw.length; ) {
    const size = Number.parseInt(raw.toString("latin1", at + SIZE.at, at + SIZE.at + SIZE.length), 8) || 0;
    const type = raw[at + TYPE];
    at += BLOCK;
    if (type === EXTENDED || type === GLOBAL) {
      for (const [key, value] of records(raw.subarray(at, at + size))) {
        if (key === "path" || key === "linkpath") names[key] = value;
      }
    }
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return names;
}

/** `LENGTH KEY=VALUE` and a line end, of which the length counts all. */
function* records(bytes: Buffer): Generator<[key: string, value: Buffer]> {
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(" ", at);
    const length = Number(bytes.toString("latin1", at, space));
    const equals = bytes.indexOf("=", space);
    if (space < 0 || equals < 0 || !Number.isInteger(length) || length < 5) return;
    yield [bytes.toString("latin1", space + 1, equals), bytes.subarray(equals + 1, at + length - 1)];
    at += length;
  }
}
