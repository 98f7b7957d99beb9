/** What V8 says of modules that use what it does not have, and what that is. */
const LACKS: readonly (readonly [message: RegExp, feature: string])[] = [
  [/invalid memory limits flags 0x(?:8|9|a|b|c|d|e|f)\b/, "custom page sizes"],
  [/invalid numeric opcode: 0xfc1[3-6]\b/, "wide arithmetic"],
  [/enable with --experimental-wasm-wasmfx\b/, "stack switching"],
  [/enable with --experimental-wasm-shared\b/, "shared-everything threads"],
];

/** The feature that an engine lacks, by what it said when it compiled a module; `undefined` where that cannot be the cause. */
export function lackingFeature(message: string): string | undefined {
  const known = LACKS.find(([pattern]) => pattern.test(message))?.[1];
  return known ?? /enable with --experimental-wasm-([\w-]+)/.exec(message)?.[1];
}
