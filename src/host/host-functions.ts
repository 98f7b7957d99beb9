import type { HostImplementation } from "../abi/host-func.js";
import { type ImportObject, importKey, memberOf } from "./imports.js";

type Members = Record<string, (...args: unknown[]) => unknown>;

/**
 * The function of an import, by the conventions of {@link memberOf}.
 *
 * @param imports - has all that the component imports
 * @param func - as WIT names it; empty for a function that is the import itself
 */
export function hostFunctionOf(imports: ImportObject, importName: string, func: string): HostImplementation {
  const members = imports[importKey(importName)] as Members;
  const { kind, name, className = "" } = memberOf(func);
  switch (kind) {
    case "function":
      return (...args) => (members[name] as Members[string])(...args);
    case "constructor":
      return (...args) => new (members[className] as unknown as new (...args: unknown[]) => object)(...args);
    case "static":
      return (...args) => (members[className] as unknown as Members)[name]?.(...args);
    case "method":
      return (self, ...args) => (self as Members)[name]?.(...args);
  }
}
