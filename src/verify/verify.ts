import { type ByteWriter, concat } from "../binary/writer.js";
import { decodeComponent } from "../component/decode.js";
import { definitionsOfKind } from "../component/graph.js";
import { ComponentInitError } from "../errors.js";

/**
 * Checks an output before it replaces anything.
 *
 * @throws ComponentInitError `invalid-output`
 */
export async function verify(output: ByteWriter, _cache: boolean): Promise<void> {
  const component = decodeComponent(output.toBytes());
  definitionsOfKind(component, "core module").forEach((definition, i) => {
    if (WebAssembly.validate(concat(definition.chunks))) return;
    throw new ComponentInitError("invalid-output", `core module ${i} of the output is not valid: please report this`);
  });
}
