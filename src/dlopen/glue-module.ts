import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type { Library } from "../link/library.js";
import { ModuleBuilder } from "../link/module-builder.js";
import type { Import } from "../module/imports.js";
import { funcTypeAt } from "../module/index-spaces.js";
import type { CoreModule } from "../module/model.js";
import type { FuncType } from "../module/types.js";
import { funcref } from "../module/value-types.js";
import type { Binding, Target } from "./plan.js";

/** The names under which the glue imports. */
export const GLUE_TABLE = { module: "program", name: "table" } as const;
export const GLUE_STACK_POINTER = { module: "program", name: "stack pointer" } as const;

/** Targets that are made for one library. */
const MADE = new Set<Target["to"]>([
  "slot",
  "get stack pointer",
  "set stack pointer",
  "address",
  "trap",
  "nothing",
  "own tag",
]);

export function isGlue({ target }: Binding): boolean {
  return MADE.has(target.to);
}

interface Named {
  readonly module: string;
  readonly name: string;
}

/** Names under which a glue has what imports are bound to. */
export type GlueNames = (item: Named) => string;

/**
 * Entries of the GOT have the names that they are imported by, where these are of one entry: then the glue can be given to the
 * library as it is. A component can have 1000 instances, and this spares two of five.
 */
export function glueNames(bindings: readonly Binding[]): GlueNames {
  const moduleOf = new Map<string, string>();
  for (const { module, name } of bindings) {
    // What is qualified has dots.
    if (isGot(module) && !name.includes(".") && !moduleOf.has(name)) moduleOf.set(name, module);
  }
  return (item) => (moduleOf.get(item.name) === item.module ? item.name : tagName(item));
}

/** The name under which a glue has a tag, for other libraries too. */
export function tagName({ module, name }: Named): string {
  return `${module}.${name}`;
}

const isGot = (module: string) => module === "GOT.mem" || module === "GOT.func";

/** The core module with what nobody else has of what a library imports: addresses, and functions that lead elsewhere. */
export function buildGlue({ module, name }: Library, bindings: readonly Binding[]): CoreModule {
  const builder = new ModuleBuilder();
  const made = bindings.filter(isGlue);
  if (made.some(({ target }) => target.to === "slot")) {
    const type = { minimum: 0n, maximum: undefined, shared: false, is64: false, element: funcref };
    builder.import({ ...GLUE_TABLE, kind: "table", type });
  }
  if (made.some(({ target }) => needsStackPointer(target))) {
    builder.import({ ...GLUE_STACK_POINTER, kind: "global", type: { value: "i32", mutable: true, shared: false } });
  }
  const nameOf = glueNames(bindings);
  const imports = new Map(module.imports.map((item) => [nameOf(item), item]));
  for (const binding of made) {
    const item = imports.get(nameOf(binding)) as Import;
    builder.export(nameOf(binding), binding.kind, define(builder, module, item, binding.target));
  }
  return builder.finish(`${name}: what it imports`);
}

/** Whether a target is made of the program's stack pointer. */
export function needsStackPointer({ to }: Target): boolean {
  return to === "get stack pointer" || to === "set stack pointer";
}

function define(builder: ModuleBuilder, module: CoreModule, item: Import, target: Target): number {
  if (item.kind === "global") {
    return builder.i32Global((target as Extract<Target, { to: "address" }>).value, item.type.mutable);
  }
  const type = funcTypeAt(module, item.kind === "tag" ? item.type.type : (item.type as number)) as FuncType;
  if (item.kind === "tag") return builder.tag(type);
  if (target.to === "slot") return builder.func(type, callThrough(builder, type, target.slot));
  const code = CODE[target.to as keyof typeof CODE];
  return builder.func(type, Uint8Array.of(0, ...code, Opcode.end));
}

/** The stack pointer is the first global. */
const CODE = {
  trap: [Opcode.unreachable],
  nothing: [],
  "get stack pointer": [Opcode.globalGet, 0],
  "set stack pointer": [Opcode.localGet, 0, Opcode.globalSet, 0],
} satisfies Partial<Record<Target["to"], readonly number[]>>;

function callThrough(builder: ModuleBuilder, type: FuncType, slot: number): Uint8Array {
  const body = new ByteWriter().u8(0);
  for (const i of type.params.keys()) body.u8(Opcode.localGet).u32(i);
  body.u8(Opcode.i32Const).s32(slot).u8(Opcode.callIndirect).u32(builder.type(type)).u32(0);
  return body.u8(Opcode.end).toBytes();
}
