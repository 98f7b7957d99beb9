import type { ConstExpr } from "../binary/const-expr.js";
import { Opcode } from "../binary/opcodes.js";
import { ByteReader } from "../binary/reader.js";
import { ReferenceWalker } from "../module/gc/references.js";
import type { CoreModule } from "../module/model.js";

/**
 * Keeps functions declared that code of a module may take references of: `ref.func` in a body is only valid for one
 * that the module names outside of its bodies (core specification 3.3.1, `C.refs`), and what names it may have been an
 * initial value or an export that is not there any more.
 *
 * @param before - the module as it was
 * @param after - what it became; gets a declared segment if need be
 */
export function keepDeclared(before: CoreModule, after: CoreModule): void {
  if (before === after || after.count("code") === 0) return;
  const lost = declaredFunctions(before);
  for (const func of declaredFunctions(after)) lost.delete(func);
  if (lost.size === 0) return;
  const indices = namedInCode(after, lost);
  if (indices.length === 0) return;
  after.elements = [...after.elements, { mode: { kind: "declared" }, items: { kind: "functions", indices } }];
}

function declaredFunctions({ exports, globals, tables, elements }: CoreModule): Set<number> {
  const functions = new Set<number>();
  for (const { kind, index } of exports) if (kind === "func") functions.add(index);
  for (const { init } of globals) addFunctions(init, functions);
  for (const { init } of tables) if (init !== undefined) addFunctions(init, functions);
  for (const { items } of elements) {
    if (items.kind === "functions") for (const func of items.indices) functions.add(func);
    else for (const expr of items.exprs) addFunctions(expr, functions);
  }
  return functions;
}

function addFunctions(expr: ConstExpr, functions: Set<number>): void {
  const walker = new ReferenceWalker(new ByteReader(expr), {
    index: (space, index) => {
      if (space === "func") functions.add(index);
    },
    typeIndex: () => {},
    memoryArgument: () => {},
  });
  walker.expression();
}

/** Which functions a `ref.func` may name. Bytes of something else may look like one: that costs a segment, no more. */
function namedInCode({ code }: CoreModule, candidates: ReadonlySet<number>): number[] {
  const named = new Set<number>();
  for (const body of code) {
    for (let at = body.indexOf(Opcode.refFunc); at >= 0; at = body.indexOf(Opcode.refFunc, at + 1)) {
      const func = lebAt(body, at + 1);
      if (candidates.has(func)) named.add(func);
    }
  }
  return [...named].sort((a, b) => a - b);
}

/** A u32 in however many bytes: linkers leave room for larger ones. */
function lebAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  return value;
}
