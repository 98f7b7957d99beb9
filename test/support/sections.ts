/**
 * The sections of a core module, read by a few lines of the tests' own: what the product's decoder says about the
 * product's output would prove little.
 */
export interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

export const CODE = 10;
export const DATA = 11;
export const START = 8;

export function sections(module: Uint8Array): Section[] {
  const found: Section[] = [];
  let at = 8;
  while (at < module.length) {
    const id = module[at] as number;
    const { value: size, next } = readU32(module, at + 1);
    found.push({ id, bytes: module.subarray(next, next + size) });
    at = next + size;
  }
  return found;
}

export function section(module: Uint8Array, id: number): Uint8Array | undefined {
  return sections(module).find((one) => one.id === id)?.bytes;
}

/** The flags of each data segment: 1 is passive, 0 and 2 are active. */
export function dataSegmentFlags(module: Uint8Array): number[] {
  const bytes = section(module, DATA);
  if (bytes === undefined) return [];
  const { value: count, next } = readU32(bytes, 0);
  const flags: number[] = [];
  let at = next;
  for (let i = 0; i < count; i++) {
    const flag = readU32(bytes, at);
    flags.push(flag.value);
    at = skipSegment(bytes, flag.value, flag.next);
  }
  return flags;
}

function skipSegment(bytes: Uint8Array, flag: number, start: number): number {
  let at = flag === 2 ? readU32(bytes, start).next : start;
  if (flag !== 1) at = skipConstant(bytes, at);
  const { value: size, next } = readU32(bytes, at);
  return next + size;
}

/** An offset of the output is one constant: i32.const or i64.const, then end. */
function skipConstant(bytes: Uint8Array, start: number): number {
  const opcode = bytes[start];
  if (opcode !== 0x41 && opcode !== 0x42) throw new Error(`an offset starts with the opcode ${opcode}`);
  let at = start + 1;
  while ((bytes[at] as number) & 0x80) at++;
  if (bytes[at + 1] !== 0x0b) throw new Error("an offset is more than a constant");
  return at + 2;
}

function readU32(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return { value, next: at + 1 };
  }
}
