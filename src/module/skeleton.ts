import type { FunctionBody } from "./code.js";
import type { CoreModule } from "./model.js";
import { ModuleNames, moduleNameSection } from "./names.js";

/** No locals, `unreachable`, `end`: valid for every function type, because what follows `unreachable` has any type. */
const UNREACHABLE_BODY = new Uint8Array([0x00, 0x00, 0x0b]);

const NO_BYTES = new Uint8Array();

/**
 * A valid module with the same types, imports, exports, tables, memories and globals, but no code, no data and no
 * custom section apart from the name of the module: all that a generator of bindings looks at.
 *
 * Segments stay, because other parts refer to their numbers and functions must stay declared for `ref.func`.
 */
export function skeleton(module: CoreModule): CoreModule {
  const result = module.copy();
  if (module.count("code") > 0) result.code = new Array<FunctionBody>(module.count("code")).fill(UNREACHABLE_BODY);
  if (module.count("data") > 0) result.data = module.data.map(({ mode }) => ({ mode, bytes: NO_BYTES }));
  const name = new ModuleNames(module).module;
  result.filterCustomSections(() => false);
  if (name !== undefined) result.addCustomSection("name", moduleNameSection(name));
  return result;
}
