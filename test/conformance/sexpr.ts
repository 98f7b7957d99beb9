/** A form of the WebAssembly text format: an atom, a string, or a list, with its place in the text. */
export type Form = Atom | Text | List;

export interface Atom {
  readonly kind: "atom";
  readonly text: string;
}

export interface Text {
  readonly kind: "string";
  readonly bytes: Buffer;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Form[];
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

const TOKEN = /\s+|;;[^\n]*|\(;|[()]|"(?:[^"\\]|\\.)*"|[^\s()";]+/gy;

/** The forms of a text, one after the other. */
export function readForms(text: string): List[] {
  const stack: { items: Form[]; start: number; line: number }[] = [{ items: [], start: 0, line: 1 }];
  let line = 1;
  let position = 0;
  while (position < text.length) {
    TOKEN.lastIndex = position;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new Error(`line ${line}: unexpected text`);
    const end = token === "(;" ? endOfComment(text, position) : position + token.length;
    const top = stack.at(-1) as (typeof stack)[number];
    if (token === "(") stack.push({ items: [], start: position, line });
    else if (token === ")") {
      stack.pop();
      stack.at(-1)?.items.push({ kind: "list", items: top.items, start: top.start, end, line: top.line });
    } else if (token.startsWith('"')) top.items.push({ kind: "string", bytes: unescaped(token.slice(1, -1)) });
    else if (!/^(\s|;;|\(;)/.test(token)) top.items.push({ kind: "atom", text: token });
    line += text.slice(position, end).split("\n").length - 1;
    position = end;
  }
  return (stack[0]?.items ?? []).filter((form): form is List => form.kind === "list");
}

/** Block comments nest. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (const { 0: token, index } of text.slice(start).matchAll(/\(;|;\)/g)) {
    depth += token === "(;" ? 1 : -1;
    if (depth === 0) return start + index + 2;
  }
  return text.length;
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", '"': '"', "'": "'", "\\": "\\" };

function unescaped(text: string): Buffer {
  const parts = text.match(/\\u\{[0-9a-fA-F_]+\}|\\[0-9a-fA-F]{2}|\\.|[^\\]+/gs) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (!part.startsWith("\\")) return Buffer.from(part);
      if (part.startsWith("\\u{")) return Buffer.from(String.fromCodePoint(Number.parseInt(part.slice(3, -1), 16)));
      return part.length === 3
        ? Buffer.from(part.slice(1), "hex")
        : Buffer.from(ESCAPES[part.slice(1)] ?? part.slice(1));
    }),
  );
}

export function atomOf(form: Form | undefined): string | undefined {
  return form?.kind === "atom" ? form.text : undefined;
}

export function textOf(form: Form | undefined): string | undefined {
  return form?.kind === "string" ? form.bytes.toString() : undefined;
}
