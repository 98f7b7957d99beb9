import { lookUp, type RunningInstance } from "../instrument/access.js";
import type { InstrumentedModule } from "../instrument/model.js";
import type { WatchedGrowth } from "../instrument/refused-growth.js";

/** What a 32-bit memory without a maximum can grow to. */
const ALL_OF_32_BITS = 2 ** 32;

/**
 * The limit, in bytes, for which a memory was refused to grow that could have grown without it.
 *
 * @returns `undefined` where none was
 */
export function refusedGrowth(module: InstrumentedModule, running: RunningInstance): number | undefined {
  return module.growth.find((watched) => isRefusal(watched, module, running))?.limit;
}

function isRefusal(
  { exportName, memory, pageSize, maximum, limit }: WatchedGrowth,
  { state }: InstrumentedModule,
  running: RunningInstance,
): boolean {
  const pages = BigInt.asUintN(64, (running.exports[exportName] as WebAssembly.Global).value as bigint);
  if (pages === 0n) return false;
  const defined = state.memories.find(({ index }) => index === memory);
  const access = defined === undefined ? state.importedMemories[memory] : undefined;
  const grown = access === undefined ? running.exports[defined?.exportName as string] : lookUp(access, running);
  const wanted = Number(pages) * pageSize + (grown as WebAssembly.Memory).buffer.byteLength;
  const possible = maximum === undefined ? (defined?.is64 ? wanted : ALL_OF_32_BITS) : Number(maximum) * pageSize;
  return wanted > limit && wanted <= possible;
}
