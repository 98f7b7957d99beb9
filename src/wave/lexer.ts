import { decodeEscapes, dedent } from "./literals.js";
import { quote, syntaxError } from "./source.js";

export type Token = { start: number; end: number } & (
  | { kind: "punctuation"; value: Punctuation }
  | { kind: "number" | "char" | "string"; value: string }
  /** `escaped` when it was written with `%`, which makes it a label even if it reads like a keyword. */
  | { kind: "label"; value: string; escaped: boolean }
  | { kind: "end" }
);

export type Punctuation = "{" | "}" | "(" | ")" | "[" | "]" | ":" | ",";

// The tokens of wasm-wave's src/lex.rs. Words of a label have a single case; all but the first may begin with digits.
const FIRST_WORD = "(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)";
const NEXT_WORD = "(?:[0-9]+(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)?|[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)";
export const LABEL = `%?${FIRST_WORD}(?:-${NEXT_WORD})*`;

const SKIPPED = /(?:[ \t\r\n]|\/\/[^\n]*)*/y;
const NUMBER = /-inf|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const LABEL_TOKEN = new RegExp(LABEL, "y");
const WORD_REST = /[\p{L}\p{N}_.-]+/uy;
const QUOTED = { '"': /"((?:[^\\"\n]|\\.)*)"/y, "'": /'((?:[^\\'\n]|\\.)*)'/y } as const;

/** Reads one token at a time, as the parser needs to look at most one ahead. */
export class Lexer {
  #next: Token | undefined;

  constructor(
    readonly text: string,
    private offset: number,
  ) {}

  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  next(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  #read(): Token {
    const start = this.offset + (this.#match(SKIPPED, this.offset)?.[0].length ?? 0);
    const token = this.#tokenAt(start);
    this.offset = token.end;
    return token;
  }

  #tokenAt(start: number): Token {
    const first = this.text[start];
    if (first === undefined) return { kind: "end", start, end: start };
    if (isPunctuation(first)) return { kind: "punctuation", value: first, start, end: start + 1 };
    if (this.text.startsWith('"""', start)) return this.#multilineString(start);
    if (first === '"') return this.#string(start);
    if (first === "'") return this.#char(start);
    return this.#word(start);
  }

  #word(start: number): Token {
    const number = this.#match(NUMBER, start)?.[0];
    const word = number ?? this.#match(LABEL_TOKEN, start)?.[0];
    const end = start + (word?.length ?? 0);
    // Without this `0x10`, `01` and `someName` would fall apart into two tokens, and the message would be a riddle.
    const rest = this.#match(WORD_REST, end)?.[0] ?? "";
    if (word === undefined || rest !== "") throw this.#badWord(start, end + rest.length);
    if (number !== undefined) return { kind: "number", value: number, start, end };
    return { kind: "label", value: word.replace(/^%/, ""), escaped: word.startsWith("%"), start, end };
  }

  #badWord(start: number, end: number) {
    const found = quote(this.text, start, Math.max(end, start + 1));
    if (/^-?[0-9]/.test(found)) {
      return syntaxError(this.text, start, `'${found}' is not a number (numbers are decimal, as in JSON)`);
    }
    if (/^%?\p{L}/u.test(found)) {
      return syntaxError(this.text, start, `'${found}' is not a label (labels are in kebab-case, like 'some-name')`);
    }
    return syntaxError(this.text, start, `unexpected '${found}'`);
  }

  #string(start: number): Token {
    const match = this.#match(QUOTED['"'], start);
    if (match === undefined) throw syntaxError(this.text, start, 'the string has no closing " on its line');
    const end = start + match[0].length;
    return { kind: "string", value: decodeEscapes(this.text, match[1] ?? "", start + 1), start, end };
  }

  #multilineString(start: number): Token {
    const close = this.text.indexOf('"""', start + 3);
    if (close < 0) throw syntaxError(this.text, start, 'the multi-line string has no closing """');
    const value = dedent(this.text, this.text.slice(start + 3, close), start + 3);
    return { kind: "string", value, start, end: close + 3 };
  }

  #char(start: number): Token {
    const match = this.#match(QUOTED["'"], start);
    if (match === undefined) throw syntaxError(this.text, start, "the char has no closing ' on its line");
    const value = decodeEscapes(this.text, match[1] ?? "", start + 1);
    const count = [...value].length;
    if (count !== 1) {
      const hint = count === 0 ? "" : ' (strings are written with ")';
      throw syntaxError(this.text, start, `a char is exactly one Unicode scalar value, found ${count}${hint}`);
    }
    return { kind: "char", value, start, end: start + match[0].length };
  }

  #match(pattern: RegExp, offset: number): RegExpExecArray | undefined {
    pattern.lastIndex = offset;
    return pattern.exec(this.text) ?? undefined;
  }
}

function isPunctuation(character: string): character is Punctuation {
  return "{}()[]:,".includes(character);
}
