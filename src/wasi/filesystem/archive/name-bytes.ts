const BLOCK = 512;

/** A field of a header block (ustar): where it is and how long. */
interface Field {
  readonly at: number;
  readonly length: number;
}

const NAME: Field = { at: 0, length: 100 };
const SIZE: Field = { at: 124, length: 12 };
const LINK: Field = { at: 157, length: 100 };
/** Only under this magic; GNU's has times there. */
const PREFIX: Field = { at: 345, length: 155 };
const POSIX = { at: 257, magic: "ustar\0" };
const TYPE = 156;

/** A name as an archive has it. */
export interface NameBytes {
  /** All of it, or what it is put together of. */
  readonly parts: readonly Buffer[];
  /** Whether it is from an extended header (pax), whose records the parser may have left out. */
  readonly isExtended: boolean;
}

export interface EntryNames {
  readonly path: NameBytes;
  readonly linkpath: NameBytes;
}

/** @param raw - all that stands before an entry's contents: its header, and those that say more than it has room for */
export function entryNames(raw: Buffer): EntryNames {
  const header = raw.subarray(raw.length - BLOCK);
  const isPosix = header.toString("latin1", POSIX.at, POSIX.at + POSIX.magic.length) === POSIX.magic;
  const prefix = isPosix ? [textOf(header, PREFIX)] : [];
  const names = {
    path: { parts: [...prefix, textOf(header, NAME)], isExtended: false },
    linkpath: { parts: [textOf(header, LINK)], isExtended: false },
  };
  for (const { type, contents } of furtherHeaders(raw)) {
    if (type === "L") names.path = { parts: [upToNul(contents)], isExtended: false };
    if (type === "K") names.linkpath = { parts: [upToNul(contents)], isExtended: false };
    // Names in a header for all entries that follow are left out, as by the parser.
    for (const [key, value] of type === "x" ? records(contents) : []) {
      if (key === "path" || key === "linkpath") names[key] = { parts: [value], isExtended: true };
    }
  }
  return names;
}

function textOf(block: Buffer, { at, length }: Field): Buffer {
  return upToNul(block.subarray(at, at + length));
}

function upToNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function* furtherHeaders(raw: Buffer): Generator<{ readonly type: string; readonly contents: Buffer }> {
  for (let at = 0; at + BLOCK < raw.length; ) {
    const size = Number.parseInt(raw.toString("latin1", at + SIZE.at, at + SIZE.at + SIZE.length), 8) || 0;
    const type = raw.toString("latin1", at + TYPE, at + TYPE + 1);
    at += BLOCK;
    yield { type, contents: raw.subarray(at, at + size) };
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
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
