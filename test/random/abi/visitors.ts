import {
  type Core,
  casesOf,
  discriminantSize,
  elementOf,
  fieldsOf,
  isRecordLike,
  isVariantLike,
  layout,
  offsetsOf,
  type Pointer,
  payloadOffset,
  type Resource,
  recordLayout,
  type Type,
} from "./shapes.js";
import type { Encoding } from "./values.js";

/** What becomes of the handles in a value: they are used up, or stay for whoever gets the value next. */
export type VisitMode = "consume" | "peek";

/** What core code does with a handle that it was given. */
export interface HandleUser {
  /** A statement; the handle is an expression without effects. */
  use(kind: "own" | "borrow", resource: Resource, handle: string): string;
}

/** Writes core code that looks at all of a value, wherever it is. */
export class Visitors {
  readonly functions: string[] = [];
  private readonly known = new Map<string, string>();
  private readonly typeIds = new Map<Type, number>();

  constructor(
    private readonly pointer: Pointer,
    private readonly handles: HandleUser,
  ) {}

  /** Statements for some types that lie in memory as one record. */
  block(types: readonly Type[], encoding: Encoding, mode: VisitMode, address: string): string {
    const offsets = offsetsOf(types, this.pointer);
    return types.map((type, i) => this.memory(type, encoding, mode, this.at(address, offsets[i] as number))).join("\n");
  }

  /** Statements for what is passed flat. */
  values(types: readonly Type[], encoding: Encoding, mode: VisitMode, values: readonly string[]): string {
    let start = 0;
    const visits = types.map((type) => {
      const count = layout(type, this.pointer).flat.length;
      start += count;
      return this.flat(type, encoding, mode, values.slice(start - count, start));
    });
    return visits.join("\n");
  }

  private at(address: string, offset: number): string {
    return offset === 0 ? address : `(${this.pointer}.add ${address} (${this.pointer}.const ${offset}))`;
  }

  private memory(type: Type, encoding: Encoding, mode: VisitMode, address: string): string {
    return `(call ${this.memoryFunction(type, encoding, mode)} ${address})`;
  }

  private memoryFunction(type: Type, encoding: Encoding, mode: VisitMode): string {
    return this.once(`memory ${this.idOf(type)} ${encoding} ${mode}`, (name) => {
      return `(func ${name} (param $p ${this.pointer}) ${this.inMemory(type, encoding, mode)})`;
    });
  }

  private once(key: string, write: (name: string) => string): string {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const name = `$visit${this.known.size}`;
    this.known.set(key, name);
    this.functions.push(write(name));
    return name;
  }

  private idOf(type: Type): number {
    const id = this.typeIds.get(type) ?? this.typeIds.size;
    this.typeIds.set(type, id);
    return id;
  }

  private inMemory(type: Type, encoding: Encoding, mode: VisitMode): string {
    const p = "(local.get $p)";
    if (isRecordLike(type)) return this.block(fieldsOf(type), encoding, mode, p);
    if (isVariantLike(type)) {
      const cases = casesOf(type);
      const index = this.load(discriminantSize(cases.length), p);
      const offset = payloadOffset(cases, this.pointer);
      return this.cases(cases, index, (payload) => this.memory(payload, encoding, mode, this.at(p, offset)));
    }
    switch (type.kind) {
      case "string":
      case "list":
      case "map": {
        const size = this.pointer === "i32" ? 4 : 8;
        const [ptr, length] = [p, this.at(p, size)].map((at) => `(${this.pointer}.load ${at})`) as [string, string];
        return this.range(type, encoding, mode, ptr, length);
      }
      case "u64":
      case "s64":
      case "f64":
        return see(`(i64.load ${p})`);
      case "own":
      case "borrow":
        return this.handle(type, mode, `(i32.load ${p})`);
      default:
        return see(`(i64.extend_i32_u ${this.load(layout(type, this.pointer).size, p)})`);
    }
  }

  private load(size: number, address: string): string {
    return `(i32.load${size === 1 ? "8_u" : size === 2 ? "16_u" : ""} ${address})`;
  }

  private cases(cases: readonly (Type | undefined)[], index: string, visit: (payload: Type) => string): string {
    const branches = cases.map((payload, i) =>
      payload === undefined ? "" : `(if (i32.eq ${index} (i32.const ${i})) (then ${visit(payload)}))`,
    );
    // Before the payload, whose handles may be told by it.
    return `${see(`(i64.extend_i32_u ${index})`)} ${branches.join(" ")}`;
  }

  private handle(type: Extract<Type, { readonly kind: "own" | "borrow" }>, mode: VisitMode, handle: string): string {
    const seen = see(`(i64.extend_i32_u ${handle})`);
    return mode === "peek" ? seen : `${seen} ${this.handles.use(type.kind, type.resource, handle)}`;
  }

  private flat(type: Type, encoding: Encoding, mode: VisitMode, values: readonly string[]): string {
    if (isRecordLike(type)) return this.values(fieldsOf(type), encoding, mode, values);
    const [first, second] = values as [string, string];
    if (isVariantLike(type)) {
      const joined = layout(type, this.pointer).flat.slice(1);
      return this.cases(casesOf(type), first, (payload) => {
        const wanted = layout(payload, this.pointer).flat;
        const narrowed = wanted.map((want, i) => narrow(values[i + 1] as string, joined[i] as Core, want));
        return this.flat(payload, encoding, mode, narrowed);
      });
    }
    switch (type.kind) {
      case "string":
      case "list":
      case "map":
        return this.range(type, encoding, mode, first, second);
      case "own":
      case "borrow":
        return this.handle(type, mode, first);
      default:
        return see(bits(first, layout(type, this.pointer).flat[0] as Core));
    }
  }

  private range(type: Type, encoding: Encoding, mode: VisitMode, ptr: string, length: string): string {
    const name = type.kind === "string" ? this.stringFunction(encoding) : this.listFunction(type, encoding, mode);
    return `(call ${name} ${ptr} ${length})`;
  }

  private stringFunction(encoding: Encoding): string {
    const { pointer } = this;
    const n = "(local.get $n)";
    const twice = `(${pointer}.shl ${n} (${pointer}.const 1))`;
    const length =
      encoding === "utf8"
        ? n
        : encoding === "utf16"
          ? twice
          : `(select ${twice} ${n} (${pointer}.lt_s ${n} (${pointer}.const 0)))`;
    return this.once(`string ${encoding}`, (name) => {
      return `(func ${name} (param $p ${pointer}) (param $n ${pointer}) (call $bytes (local.get $p) ${length}))`;
    });
  }

  private listFunction(type: Type, encoding: Encoding, mode: VisitMode): string {
    const { pointer } = this;
    const element = elementOf(type as Extract<Type, { readonly kind: "list" | "map" }>);
    const { size } = recordLayout([element], pointer);
    const visit = this.memory(element, encoding, mode, "(local.get $p)");
    return this.once(`list ${this.idOf(type)} ${encoding} ${mode}`, (name) => {
      return `(func ${name} (param $p ${pointer}) (param $n ${pointer})
        ${see(pointer === "i32" ? "(i64.extend_i32_u (local.get $n))" : "(local.get $n)")}
        (block $done (loop $more
          (br_if $done (${pointer}.eqz (local.get $n)))
          ${visit}
          (local.set $p (${pointer}.add (local.get $p) (${pointer}.const ${size})))
          (local.set $n (${pointer}.sub (local.get $n) (${pointer}.const 1)))
          (br $more))))`;
    });
  }
}

export function see(i64: string): string {
  return `(call $see ${i64})`;
}

/** A core value as an i64; NaNs are one, because an engine may choose their bits. */
export function bits(value: string, core: Core): string {
  switch (core) {
    case "i32":
      return `(i64.extend_i32_u ${value})`;
    case "i64":
      return value;
    case "f32":
      return `(i64.extend_i32_u (select (i32.const 0x7fc00000) (i32.reinterpret_f32 ${value}) (f32.ne ${value} ${value})))`;
    case "f64":
      return `(select (i64.const 0x7ff8000000000000) (i64.reinterpret_f64 ${value}) (f64.ne ${value} ${value}))`;
  }
}

function narrow(value: string, have: Core, want: Core): string {
  if (have === want) return value;
  if (want === "f64") return `(f64.reinterpret_i64 ${value})`;
  const i32 = have === "i64" ? `(i32.wrap_i64 ${value})` : value;
  return want === "f32" ? `(f32.reinterpret_i32 ${i32})` : i32;
}
