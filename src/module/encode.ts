import { ByteWriter } from "../binary/writer.js";
import { ComponentInitError } from "../errors.js";
import { encodeCustomSection } from "./custom-sections.js";
import type { CoreModule } from "./model.js";

const HEADER = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

/** Writes a module. Long ranges of its input and of what passes put in are referred to, not copied. */
export function encodeModule(module: CoreModule): ByteWriter {
  checkBodies(module);
  const writer = new ByteWriter().bytes(HEADER);
  for (const item of module.layout) {
    if (typeof item === "string") module.slot(item).write(writer);
    else encodeCustomSection(item, writer);
  }
  return writer;
}

/** Decoding made sure of it, so it is a pass that left them different. */
function checkBodies(module: CoreModule): void {
  const functions = module.count("function");
  const bodies = module.count("code");
  if (functions === bodies) return;
  throw new ComponentInitError(
    "invalid-output",
    `a core module would have ${functions} functions and ${bodies} bodies`,
  );
}
