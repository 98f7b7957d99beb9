/** What a name may become: one that refers back to its own parts can become endless. */
const MAX_LENGTH = 400;

/** How deep types and paths may lie in each other, and how many of them are looked at. */
const MAX_DEPTH = 100;
const MAX_STEPS = 2000;

/**
 * The path of a Rust function, as its source has it, of the name that the compiler gives it: in the scheme `v0`
 * (RFC 2603), or in the one before. Any other name is given back.
 */
export function demangleRust(name: string): string {
  return demangleLegacy(name) ?? demangleV0(name) ?? name;
}

/** `_ZN`, names with their lengths, the last of them a hash, and `E`; a name of C++ has no such hash. Then what optimizers append. */
const LEGACY = /^_ZN([\w$.]+)17h[0-9a-f]{16}E(?:\.[\w.]+)?$/;
const V0 = /^_R(\w+)(?:\.[\w.]+)?$/;

function demangleLegacy(symbol: string): string | undefined {
  let rest = LEGACY.exec(symbol)?.[1];
  if (rest === undefined) return undefined;
  const parts: string[] = [];
  while (rest !== "") {
    const digits = /^\d+/.exec(rest)?.[0] ?? "";
    const end = digits.length + Number(digits);
    if (digits === "" || end > rest.length) return undefined;
    parts.push(unescaped(rest.slice(digits.length, end)));
    rest = rest.slice(end);
  }
  return cut(parts.join("::"));
}

const ESCAPES: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

function unescaped(part: string): string {
  return part
    .replace(/^_(?=\$)/, "")
    .replaceAll("..", "::")
    .replace(/\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g, (whole, code: string | undefined, short: string) => {
      if (code === undefined) return ESCAPES[short] ?? whole;
      const point = Number.parseInt(code, 16);
      return point > 0x10ffff ? whole : String.fromCodePoint(point);
    });
}

function demangleV0(symbol: string): string | undefined {
  const encoded = V0.exec(symbol)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return cut(new V0Name(encoded).read());
  } catch (error) {
    if (error instanceof NotAName) return undefined;
    throw error;
  }
}

function cut(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

/** It is none, or more than is wanted of one. */
class NotAName extends Error {}

const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

/** Reads a symbol by the grammar of the scheme, of which each method is a rule. */
class V0Name {
  private at = 0;
  private depth = 0;
  private steps = 0;
  /** How many lifetimes are bound where it reads. */
  private lifetimes = 0;

  constructor(private readonly text: string) {}

  read(): string {
    const path = this.path(true);
    // The crate that made the instance.
    if (this.at < this.text.length) this.path(false);
    return this.at === this.text.length ? path : this.fail();
  }

  /** @param isValue - whether it is one of code, where generic arguments are written `::<>` */
  private path(isValue: boolean): string {
    return this.nested(() => {
      switch (this.next()) {
        case "C":
          return this.identifier().name;
        case "M":
          this.implementation();
          return `<${this.type()}>`;
        case "X":
          this.implementation();
          return `<${this.type()} as ${this.path(false)}>`;
        case "Y":
          return `<${this.type()} as ${this.path(false)}>`;
        case "N":
          return this.member(isValue);
        case "I": {
          const path = this.path(isValue);
          return `${path}${isValue ? "::" : ""}<${this.list(() => this.argument()).join(", ")}>`;
        }
        case "B":
          return this.again(() => this.path(isValue));
        default:
          return this.fail();
      }
    });
  }

  /** Where an implementation is says nothing that its type does not. */
  private implementation(): void {
    this.disambiguator();
    this.path(false);
  }

  private member(isValue: boolean): string {
    const namespace = this.next();
    const path = this.path(isValue);
    const { name, number } = this.identifier();
    if (/[a-z]/.test(namespace)) return name === "" ? path : `${path}::${name}`;
    const kind = namespace === "C" ? "closure" : namespace === "S" ? "shim" : namespace;
    return `${path}::{${kind}${name === "" ? "" : `:${name}`}#${number}}`;
  }

  private identifier(): { readonly name: string; readonly number: number } {
    const number = this.disambiguator();
    return { name: this.plainIdentifier(), number };
  }

  private plainIdentifier(): string {
    const isPunycode = this.take("u");
    const digits = this.match(/0|[1-9]\d*/y);
    this.take("_");
    const end = this.at + Number(digits);
    if (end > this.text.length) this.fail();
    const name = this.text.slice(this.at, end);
    this.at = end;
    return isPunycode ? `punycode{${name}}` : name;
  }

  private disambiguator(): number {
    return this.take("s") ? this.base62() + 1 : 0;
  }

  /** `_` is 0, and digits before it are one less than what they stand for. */
  private base62(): number {
    const digits = this.match(/[0-9a-zA-Z]*_/y).slice(0, -1);
    if (digits === "") return 0;
    return [...digits].reduce((sum, digit) => sum * 62 + DIGITS.indexOf(digit), 0) + 1;
  }

  private argument(): string {
    if (this.take("L")) return this.lifetime();
    return this.take("K") ? this.constant() : this.type();
  }

  private lifetime(): string {
    const index = this.base62();
    if (index === 0) return "'_";
    const depth = this.lifetimes - index;
    if (depth < 0) this.fail();
    return lifetimeName(depth);
  }

  /** What has lifetimes of its own: `for<'a, 'b> …`. */
  private bound(inside: () => string): string {
    const before = this.lifetimes;
    const count = this.take("G") ? this.base62() + 1 : 0;
    if (count > MAX_DEPTH) this.fail();
    this.lifetimes += count;
    const names = Array.from({ length: count }, (_, i) => lifetimeName(before + i));
    const text = inside();
    this.lifetimes = before;
    return count === 0 ? text : `for<${names.join(", ")}> ${text}`;
  }

  private type(): string {
    return this.nested(() => {
      const tag = this.next();
      const basic = BASIC_TYPES[tag];
      if (basic !== undefined) return basic;
      switch (tag) {
        case "A":
          return `[${this.type()}; ${this.constant()}]`;
        case "S":
          return `[${this.type()}]`;
        case "T": {
          const members = this.list(() => this.type());
          return `(${members.join(", ")}${members.length === 1 ? "," : ""})`;
        }
        case "R":
        case "Q": {
          const lifetime = this.take("L") ? this.lifetime() : "'_";
          return `&${lifetime === "'_" ? "" : `${lifetime} `}${tag === "Q" ? "mut " : ""}${this.type()}`;
        }
        case "P":
          return `*const ${this.type()}`;
        case "O":
          return `*mut ${this.type()}`;
        case "F":
          return this.bound(() => this.signature());
        case "D":
          return this.object();
        case "B":
          return this.again(() => this.type());
        default:
          this.at--;
          return this.path(false);
      }
    });
  }

  private signature(): string {
    const isUnsafe = this.take("U");
    const abi = this.take("K") ? (this.take("C") ? "C" : this.plainIdentifier().replaceAll("_", "-")) : undefined;
    const params = this.list(() => this.type());
    const result = this.type();
    const before = `${isUnsafe ? "unsafe " : ""}${abi === undefined ? "" : `extern "${abi}" `}`;
    return `${before}fn(${params.join(", ")})${result === "()" ? "" : ` -> ${result}`}`;
  }

  private object(): string {
    const text = this.bound(() => this.list(() => this.trait()).join(" + "));
    if (!this.take("L")) this.fail();
    const lifetime = this.lifetime();
    return `dyn ${text}${lifetime === "'_" ? "" : ` + ${lifetime}`}`;
  }

  private trait(): string {
    const path = this.path(false);
    const bindings: string[] = [];
    while (this.take("p")) bindings.push(`${this.plainIdentifier()} = ${this.type()}`);
    if (bindings.length === 0) return path;
    return path.endsWith(">") ? `${path.slice(0, -1)}, ${bindings.join(", ")}>` : `${path}<${bindings.join(", ")}>`;
  }

  /** Numbers, truth values and characters; of others the names are given back as they are. */
  private constant(): string {
    return this.nested(() => {
      if (this.take("B")) return this.again(() => this.constant());
      const type = this.next();
      if (type === "p") return "_";
      const sign = this.take("n") ? "-" : "";
      const digits = this.match(/[0-9a-f]*_/y).slice(0, -1);
      const value = BigInt(`0x${digits === "" ? "0" : digits}`);
      if (type === "b" && value <= 1n) return value === 1n ? "true" : "false";
      if (type === "c" && value <= 0x10ffffn) return `'${String.fromCodePoint(Number(value))}'`;
      return "ahijlmnostxy".includes(type) ? `${sign}${value}` : this.fail();
    });
  }

  private list(item: () => string): string[] {
    const items: string[] = [];
    while (!this.take("E")) items.push(item());
    return items;
  }

  /** What stands further ahead. */
  private again(rule: () => string): string {
    const start = this.at - 1;
    const target = this.base62();
    if (target >= start) this.fail();
    const after = this.at;
    this.at = target;
    const text = rule();
    this.at = after;
    return text;
  }

  private nested(rule: () => string): string {
    if (++this.depth > MAX_DEPTH || ++this.steps > MAX_STEPS) this.fail();
    const text = rule();
    this.depth--;
    return cut(text);
  }

  private next(): string {
    return this.text[this.at++] ?? this.fail();
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? this.fail();
    this.at += found.length;
    return found;
  }

  private fail(): never {
    throw new NotAName();
  }
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function lifetimeName(depth: number): string {
  return depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`;
}
