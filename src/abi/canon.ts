import { Opcode } from "../binary/opcodes.js";
import { ByteWriter } from "../binary/writer.js";
import type {
  Canon,
  CanonBuiltin,
  CanonImmediate,
  CanonOption,
  CoreTypeEntity,
  Entity,
  Lift,
  Lower,
} from "../component/model.js";
import { ComponentInitError } from "../errors.js";
import { type Builtin, type Immediates, makeBuiltin } from "./builtins.js";
import { lowerAsync } from "./canon-lower.js";
import type { CopyType } from "./copy.js";
import { checkedCoreFunction, coreFunction } from "./core-func.js";
import type { CoreFuncType, CoreImplementation, CoreType, WasmFunction } from "./core-types.js";
import type { FuncInst, LiftedFunc } from "./func.js";
import { flattenFuncType } from "./layout.js";
import { CanonicalOptions, type CanonicalSettings, type StringEncoding } from "./options.js";
import { lowerPlain } from "./plain-call.js";
import { ResourceType } from "./resources.js";
import { type Scope, TypeItem } from "./scope.js";

/** The import of a core module by which a canonical function is known, as soon as it is passed to one. */
export interface ImportName {
  value: string | undefined;
}

export interface CanonicalFunction {
  readonly func: WasmFunction;
  readonly importName: ImportName;
}

/** CanonicalABI.md, `canon lift`. */
export function makeLifted(lift: Lift, scope: Scope, name: string): LiftedFunc {
  return {
    kind: "lifted",
    name,
    type: (scope.find(lift.type) as TypeItem).funcType(),
    options: makeOptions(lift.options, scope),
    instance: scope.instance,
    callee: scope.find(lift.func) as WasmFunction,
  };
}

/** A core function that does what a canonical definition says. */
export function makeCanonical(canon: Exclude<Canon, Lift>, scope: Scope): CanonicalFunction {
  const { type, mayBlock, run } = canon.kind === "lower" ? makeLowered(canon, scope) : builtin(canon, scope);
  const importName: ImportName = { value: undefined };
  const { store, instance } = scope;
  const observed: CoreImplementation = (...args) => store.during(importName.value, () => run(...args));
  const { integration } = store.options;
  if (!mayBlock || integration === undefined) return { func: coreFunction(type, observed), importName };
  const check = () => store.during(importName.value, () => instance.checkMayLeave());
  return { func: checkedCoreFunction(type, check, integration.suspending(observed)), importName };
}

/** CanonicalABI.md, `canon lower`. */
function makeLowered({ func, options: given }: Lower, scope: Scope): Builtin {
  const callee = scope.find(func) as FuncInst;
  const options = makeOptions(given, scope);
  const type = flattenFuncType(options, callee.type, "lower");
  if (!scope.store.isAsync) return { type, mayBlock: false, run: lowerPlain(callee, options, scope.instance) };
  // A host does not wait for whoever calls it asynchronously, and one whose function is not async never does.
  const isImmediate = callee.kind === "host" && (options.async || !callee.type.async);
  return { type, mayBlock: !isImmediate, run: lowerAsync(callee, options, scope.instance) };
}

function makeOptions(options: readonly CanonOption[], scope: Scope): CanonicalOptions {
  const entity = (kind: CanonOption["kind"]) => {
    const found = options.find((option) => option.kind === kind);
    return found !== undefined && "entity" in found ? scope.find(found.entity) : undefined;
  };
  const encoding = options.find(({ kind }) => kind === "utf8" || kind === "utf16" || kind === "latin1+utf16");
  const memory = entity("memory") as WebAssembly.Memory | undefined;
  if (options.some(({ kind }) => kind === "gc" || kind === "core-type")) {
    throw new ComponentInitError(
      "unsupported",
      "the component has canonical options of the GC ABI, which no engine has yet",
    );
  }
  return new CanonicalOptions({
    encoding: (encoding?.kind ?? "utf8") as StringEncoding,
    ...memorySettings(memory, scope),
    realloc: entity("realloc") as WasmFunction | undefined,
    postReturn: entity("post-return") as WasmFunction | undefined,
    callback: entity("callback") as WasmFunction | undefined,
    async: options.some(({ kind }) => kind === "async"),
  });
}

function memorySettings(
  memory: WebAssembly.Memory | undefined,
  { store }: Scope,
): Pick<CanonicalSettings, "memory" | "ptrType"> {
  return { memory, ptrType: memory !== undefined && store.memories64.has(memory) ? "i64" : "i32" };
}

function builtin(canon: CanonBuiltin, scope: Scope): Builtin {
  return (
    makeBuiltin(canon.name, scope.instance, immediatesOf(canon, scope)) ?? {
      type: { params: [], results: [] },
      mayBlock: false,
      run: () => refuseBuiltin(canon.name),
    }
  );
}

/** @throws ComponentInitError always */
function refuseBuiltin(name: string): never {
  throw new ComponentInitError(
    "unsupported",
    `the component uses the canonical built-in ${name}, which needs shared-everything threads: no engine has them yet`,
  );
}

function immediatesOf({ immediates, name }: CanonBuiltin, scope: Scope): Immediates {
  const numbers = immediates.flatMap((one) => (one.kind === "u32" || one.kind === "byte" ? [one.value] : []));
  const [flag = 0, slot = 0] = numbers;
  let resolved: Immediates = { flag, slot };
  for (const immediate of immediates) resolved = { ...resolved, ...resolveImmediate(immediate, scope, name) };
  return resolved;
}

function resolveImmediate(immediate: CanonImmediate, scope: Scope, name: string): Partial<Immediates> {
  switch (immediate.kind) {
    case "options":
      return { options: makeOptions(immediate.options, scope) };
    case "result":
      return { result: immediate.result === undefined ? undefined : scope.valType(immediate.result) };
    case "entity":
      return resolveEntity(immediate.entity, scope, name);
    default:
      return {};
  }
}

function resolveEntity(entity: Entity, scope: Scope, name: string): Partial<Immediates> {
  if (entity.sort === "core type") return threadTypeOf(entity as CoreTypeEntity, name);
  const item = scope.find(entity);
  if (item instanceof ResourceType) return { resource: item };
  if (item instanceof TypeItem) return { copyType: item.valType() as CopyType };
  if (entity.sort === "core memory") {
    const { memory, ptrType } = memorySettings(item as WebAssembly.Memory, scope);
    const none = { realloc: undefined, postReturn: undefined, callback: undefined, async: false };
    return { memory: new CanonicalOptions({ encoding: "utf8", memory, ptrType, ...none }) };
  }
  return { table: item as WebAssembly.Table };
}

const CORE_TYPES: ReadonlyMap<unknown, CoreType> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
]);

function threadTypeOf({ type }: CoreTypeEntity, name: string): Partial<Immediates> {
  const func = type.kind === "subtype" && type.type.kind === "func" ? type.type : undefined;
  const param = CORE_TYPES.get(func?.params[0]);
  if (func === undefined || param === undefined || func.params.length !== 1 || func.results.length !== 0) {
    throw new ComponentInitError("malformed", `${name} has a start function of a type that it cannot have`);
  }
  const threadType: CoreFuncType = { params: [param], results: [] };
  return { threadType, isThreadFunction: typeTest(param) };
}

/** Whether a function takes a number and returns nothing: only WebAssembly can tell. */
function typeTest(param: CoreType): (func: unknown) => boolean {
  const paramByte = param === "i32" ? 0x7f : 0x7e;
  const FUNCREF = 0x70;
  const I32 = 0x7f;
  // ref.test (ref $thread)
  const body = new ByteWriter().u32(0).u8(Opcode.localGet).u32(0).u8(0xfb).u32(0x14).u8(0).u8(Opcode.end);
  const bytes = new ByteWriter()
    .bytes(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00))
    .section(1, new ByteWriter().bytes(Uint8Array.of(2, 0x60, 1, paramByte, 0, 0x60, 1, FUNCREF, 1, I32)))
    .section(3, new ByteWriter().bytes(Uint8Array.of(1, 1)))
    .section(7, new ByteWriter().u32(1).name("is").u8(0).u32(0))
    .section(10, new ByteWriter().u32(1).sized(body))
    .toBytes();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return (func) => (exports.is as (func: unknown) => number)(func) !== 0;
}
