/** The types that need nothing but their name. */
export type PrimitiveKind =
  | "bool"
  | "s8"
  | "u8"
  | "s16"
  | "u16"
  | "s32"
  | "u32"
  | "s64"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

export type PrimitiveType = { kind: PrimitiveKind };
export type RecordType = { kind: "record"; fields: readonly NamedType[] };
export type VariantType = { kind: "variant"; cases: readonly VariantCase[] };
/** `length` makes it a fixed-length list: `list<u8, 4>`. */
export type ListType = { kind: "list"; element: ValueType; length?: number };
export type TupleType = { kind: "tuple"; items: readonly ValueType[] };
export type FlagsType = { kind: "flags"; labels: readonly string[] };
export type EnumType = { kind: "enum"; labels: readonly string[] };
export type OptionType = { kind: "option"; payload: ValueType };
export type ResultType = { kind: "result"; ok?: ValueType; err?: ValueType };
export type MapType = { kind: "map"; key: ValueType; value: ValueType };
export type HandleType = { kind: "own" | "borrow"; resource: string };
/** Values that only exist between component instances; what they carry does not matter to anyone outside. */
export type OpaqueType = { kind: "stream" | "future" | "error-context" };

/**
 * A component-model value type with every type index followed: a plain tree for those who have to make, check or
 * print values. It has no names of its own, as the binary format gives none to types.
 */
export type ValueType =
  | PrimitiveType
  | RecordType
  | VariantType
  | ListType
  | TupleType
  | FlagsType
  | EnumType
  | OptionType
  | ResultType
  | MapType
  | HandleType
  | OpaqueType;

export type NamedType = { name: string; type: ValueType };
export type VariantCase = { name: string; type?: ValueType };

export type FunctionType = { async: boolean; params: readonly NamedType[]; result?: ValueType };

/** WIT syntax, with `…` for what exceeds about `maxLength` characters: these texts end up in one-line messages. */
export function formatType(type: ValueType, maxLength = 120): string {
  return format(type, { left: maxLength });
}

/** For example `async func(name: string, level: u32) -> result<_, string>`. */
export function formatFunctionType(type: FunctionType, maxLength = 160): string {
  const room: Room = { left: maxLength };
  const params = join(type.params, room, (param) => formatNamed(param, room));
  const result = type.result === undefined ? "" : ` -> ${format(type.result, room)}`;
  return `${type.async ? "async " : ""}func(${params})${result}`;
}

/** Counted down while formatting, as a small type graph can be an astronomically large tree. */
type Room = { left: number };

const ELLIPSIS = "…";

function format(type: ValueType, room: Room): string {
  if (room.left <= 0) return ELLIPSIS;
  room.left -= type.kind.length + 2;
  switch (type.kind) {
    case "record":
      return braced("record", type.fields, room, (field) => formatNamed(field, room));
    case "variant":
      return braced("variant", type.cases, room, (each) => formatCase(each, room));
    case "flags":
    case "enum":
      return braced(type.kind, type.labels, room, (label) => spend(label, room));
    case "list":
      return `list<${format(type.element, room)}${type.length === undefined ? "" : `, ${type.length}`}>`;
    case "tuple":
      return `tuple<${join(type.items, room, (item) => format(item, room))}>`;
    case "option":
      return `option<${format(type.payload, room)}>`;
    case "result":
      return formatResult(type, room);
    case "map":
      return `map<${format(type.key, room)}, ${format(type.value, room)}>`;
    case "own":
      return spend(type.resource, room);
    case "borrow":
      return `borrow<${spend(type.resource, room)}>`;
    default:
      return type.kind;
  }
}

function formatResult({ ok, err }: ResultType, room: Room): string {
  if (err !== undefined) return `result<${ok === undefined ? "_" : format(ok, room)}, ${format(err, room)}>`;
  return ok === undefined ? "result" : `result<${format(ok, room)}>`;
}

function formatNamed({ name, type }: NamedType, room: Room): string {
  return `${spend(name, room)}: ${format(type, room)}`;
}

function formatCase({ name, type }: VariantCase, room: Room): string {
  return spend(name, room) + (type === undefined ? "" : `(${format(type, room)})`);
}

function braced<T>(keyword: string, items: readonly T[], room: Room, formatItem: (item: T) => string): string {
  return items.length === 0 ? `${keyword} {}` : `${keyword} { ${join(items, room, formatItem)} }`;
}

function join<T>(items: readonly T[], room: Room, formatItem: (item: T) => string): string {
  const parts: string[] = [];
  for (const item of items) {
    if (room.left <= 0) {
      parts.push(ELLIPSIS);
      break;
    }
    parts.push(formatItem(item));
  }
  return parts.join(", ");
}

function spend(text: string, room: Room): string {
  room.left -= text.length + 2;
  return text;
}
