import type { Prng } from "./prng.js";

/** Changes one to three bytes of a component, or what they stand for. */
export function mutate(bytes: Uint8Array, random: Prng): Uint8Array {
  let changed: Uint8Array = bytes;
  const inHeaders = random.chance(0.35);
  for (let i = random.between(1, 3); i > 0; i--) {
    const positions = inHeaders ? headerPositions(changed) : [];
    const at = positions.length > 0 ? random.pick(positions) : random.below(changed.length);
    changed = edit(changed, at, random);
  }
  return changed;
}

function edit(bytes: Uint8Array, at: number, random: Prng): Uint8Array {
  const old = bytes[at] ?? 0;
  switch (random.below(5)) {
    case 0:
      return splice(bytes, at, 1, [old ^ (1 << random.below(8))]);
    case 1:
      return splice(bytes, at, 1, [random.below(256)]);
    case 2:
      return splice(bytes, at, 0, [random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])]);
    case 3:
      return splice(bytes, at, 1, []);
    default:
      // Off by one: what an index or a length is most likely to be wrong by.
      return splice(bytes, at, 1, [(old + random.pick([1, -1])) & 0xff]);
  }
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: readonly number[]): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(insert), bytes.subarray(at + remove)]);
}

const CORE_MODULE = 1;
const COMPONENT = 4;

/** The bytes of section headers, and the counts behind them, of a component and what is nested in it. */
function headerPositions(bytes: Uint8Array, start = 0, end = bytes.length, nestsComponents = true): number[] {
  const positions: number[] = [];
  for (let at = start + 8; at < end; ) {
    const id = bytes[at] as number;
    const size = leb(bytes, at + 1);
    if (size === undefined || size.next + size.value > end) break;
    for (let i = at; i <= size.next && i < end; i++) positions.push(i);
    const isNested = nestsComponents && (id === CORE_MODULE || id === COMPONENT);
    if (isNested) positions.push(...headerPositions(bytes, size.next, size.next + size.value, id === COMPONENT));
    at = size.next + size.value;
  }
  return positions;
}

function leb(bytes: Uint8Array, start: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: start + i + 1 };
  }
  return undefined;
}
