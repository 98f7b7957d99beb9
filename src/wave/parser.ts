import { scanName } from "./item-name.js";
import { Lexer, type Punctuation, type Token } from "./lexer.js";
import type { WaveCall, WaveField, WaveLabel, WaveNode } from "./nodes.js";
import { quote, syntaxError } from "./source.js";

/** wasm-wave's limit: deep enough for people, and shallow enough for every stack. */
const MAX_DEPTH = 100;

/**
 * Parses a call in WebAssembly Value Encoding, `setup("prod", [1, 2], {debug: true})`, or the bare name of a function.
 * The grammar is that of the wasm-wave crate (README.md, src/lex.rs, src/parser.rs), which `wasmtime run --invoke` and
 * `wasmtime wizer --init-func` use.
 */
export function parseCall(text: string): WaveCall {
  const { name, end } = scanName(text);
  const parser = new Parser(text, end);
  const args = parser.args();
  return { text, name, args };
}

type LabelToken = Extract<Token, { kind: "label" }>;

class Parser {
  readonly #lexer: Lexer;
  #depth = 0;

  constructor(
    private readonly text: string,
    offset: number,
  ) {
    this.#lexer = new Lexer(text, offset);
  }

  args(): WaveNode[] | undefined {
    if (this.#lexer.peek().kind === "end") return undefined;
    this.#expect("(", "'(' and the arguments after the function name");
    const { items } = this.#sequence(")", () => this.#node());
    const after = this.#lexer.peek();
    if (after.kind !== "end") throw this.#unexpected(after, "nothing after the call");
    return items;
  }

  #node(): WaveNode {
    const token = this.#lexer.next();
    if (this.#depth >= MAX_DEPTH) {
      throw syntaxError(this.text, token.start, `values are nested more than ${MAX_DEPTH} levels deep`);
    }
    this.#depth++;
    const node = this.#nodeFrom(token);
    this.#depth--;
    return node;
  }

  #nodeFrom(token: Token): WaveNode {
    const { start, end } = token;
    switch (token.kind) {
      case "number":
        return { kind: "number", literal: token.value, start, end };
      case "char":
      case "string":
        return { kind: token.kind, value: token.value, start, end };
      case "label":
        return token.escaped ? this.#case(token) : this.#keywordOrCase(token);
      case "punctuation":
        return this.#composite(token.value, token);
      default:
        throw this.#unexpected(token, "a value");
    }
  }

  #composite(opening: Punctuation, token: Token): WaveNode {
    const { start } = token;
    switch (opening) {
      case "(": {
        const { items, end } = this.#sequence(")", () => this.#node());
        if (items.length === 0) throw syntaxError(this.text, start, "a tuple has at least one value");
        return { kind: "tuple", items, start, end };
      }
      case "[":
        return { kind: "list", start, ...this.#sequence("]", () => this.#node()) };
      case "{":
        return this.#recordOrFlags(start);
      default:
        throw this.#unexpected(token, "a value");
    }
  }

  #recordOrFlags(start: number): WaveNode {
    // `{:}` is the record without fields, as `{}` is the flags value without flags.
    if (this.#eat(":")) return { kind: "record", fields: [], start, end: this.#expect("}", "'}'").end };
    let isRecord: boolean | undefined;
    const { items, end } = this.#sequence("}", () => {
      const field = this.#fieldOrFlag(isRecord);
      isRecord = field.value !== undefined;
      return field;
    });
    if (isRecord !== true) return { kind: "flags", labels: items.map(({ name }) => name), start, end };
    return { kind: "record", fields: items.filter(isField), start, end };
  }

  #fieldOrFlag(isRecord: boolean | undefined): { name: WaveLabel; value?: WaveNode } {
    const token = this.#lexer.next();
    if (token.kind !== "label") throw this.#unexpected(token, "a field or flag name");
    const name = { label: token.value, start: token.start, end: token.end };
    if (isRecord === undefined ? this.#eat(":") : isRecord) {
      if (isRecord) this.#expect(":", "':' after the field name");
      return { name, value: this.#node() };
    }
    return { name };
  }

  #keywordOrCase(token: LabelToken): WaveNode {
    const { start, end, value } = token;
    switch (value) {
      case "true":
      case "false":
        return { kind: "bool", value: value === "true", start, end };
      case "inf":
      case "nan":
        return { kind: "number", literal: value, start, end };
      case "none":
        return { kind: "none", start, end };
      case "some": {
        const { payload, end } = this.#payload("a payload: some(...)");
        return { kind: "some", payload, start, end };
      }
      case "ok":
      case "err":
        return this.#isNext("(") ? { kind: value, start, ...this.#payload("'('") } : { kind: value, start, end };
      default:
        return this.#case(token);
    }
  }

  #case({ start, end, value: label }: LabelToken): WaveNode {
    return this.#isNext("(")
      ? { kind: "case", label, start, ...this.#payload("'('") }
      : { kind: "case", label, start, end };
  }

  #payload(expected: string): { payload: WaveNode; end: number } {
    this.#expect("(", expected);
    const payload = this.#node();
    return { payload, end: this.#expect(")", "')'").end };
  }

  /** Items up to the closing token, with a comma allowed after the last one. */
  #sequence<T>(closing: Punctuation, parseItem: () => T): { items: T[]; end: number } {
    const items: T[] = [];
    while (!this.#isNext(closing)) {
      items.push(parseItem());
      if (!this.#eat(",")) break;
    }
    return { items, end: this.#expect(closing, items.length === 0 ? `'${closing}'` : `',' or '${closing}'`).end };
  }

  #isNext(value: Punctuation): boolean {
    const token = this.#lexer.peek();
    return token.kind === "punctuation" && token.value === value;
  }

  #eat(value: Punctuation): boolean {
    const found = this.#isNext(value);
    if (found) this.#lexer.next();
    return found;
  }

  #expect(value: Punctuation, expected: string): Token {
    if (!this.#isNext(value)) throw this.#unexpected(this.#lexer.peek(), expected);
    return this.#lexer.next();
  }

  #unexpected(token: Token, expected: string) {
    const found = token.kind === "end" ? "the end of the text" : `'${quote(this.text, token.start, token.end)}'`;
    return syntaxError(this.text, token.start, `expected ${expected}, found ${found}`);
  }
}

function isField(entry: { name: WaveLabel; value?: WaveNode }): entry is WaveField {
  return entry.value !== undefined;
}
