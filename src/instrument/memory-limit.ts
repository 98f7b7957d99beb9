import { ComponentInitError } from "../errors.js";
import { type MemoryType, pageSize } from "../module/extern-types.js";
import type { CoreModule } from "../module/model.js";

/**
 * Keeps each memory of a module below a size while it is initialized: growing it further gives -1 in the guest, as when
 * a host has no more. A guest cannot ask for the maximum, so it sees no other difference; the output keeps its own.
 *
 * @param limit - bytes
 * @param name - of the core module, in errors
 * @throws ComponentInitError `invalid-option` when a memory starts larger
 */
export function limitMemories(module: CoreModule, limit: number, name: string | undefined): void {
  if (module.memories.length === 0) return;
  module.memories = module.memories.map((type) => limited(type, limit, name));
}

function limited(type: MemoryType, limit: number, name: string | undefined): MemoryType {
  const pages = BigInt(Math.floor(limit / pageSize(type)));
  if (type.minimum > pages) {
    throw new ComponentInitError(
      "invalid-option",
      `a memory of core module ${name ?? "without a name"} starts with ${type.minimum * BigInt(pageSize(type))} bytes, ` +
        `and ${limit} are allowed: allow more with --max-memory`,
    );
  }
  const maximum = type.maximum === undefined || type.maximum > pages ? pages : type.maximum;
  return { ...type, maximum };
}
