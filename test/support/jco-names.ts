import { toCamelCase } from "../../src/wave/js-names.js";

/**
 * The property of the instantiated component under which jco puts an export of the root. Names with a package stay as
 * they are, version included; jco's aliases for them (`run` for `wasi:cli/run@0.2.0`) are absent on collision.
 */
export function toExportKey(name: string): string {
  return name.includes(":") ? name : toCamelCase(name);
}
