import { componentWit, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { wrapped } from "../../src/component/wrap.js";
import { ComponentInitError } from "../../src/errors.js";
import { bringToLife, type LiveComponent } from "./live-component.js";
import { atomOf, type List, readForms, textOf } from "./sexpr.js";
import { spectest } from "./spectest.js";
import { isValue, readValue, toHost } from "./values.js";

export interface Failure {
  readonly line: number;
  readonly directive: string;
  readonly reason: string;
}

export interface Outcome {
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** Directives about components that are refused for what they hold when they are instantiated. */
  readonly refused: number;
  /** Traps that were wanted, with another message. */
  readonly otherMessages: readonly Failure[];
}

const TIMEOUT_MS = 10_000;

/** @param transform - what to do to a component before it is run */
export async function runWast(
  text: string,
  transform: (component: Uint8Array) => Promise<Uint8Array> = async (component) => component,
): Promise<Outcome> {
  const runner = new WastRunner(text, transform);
  for (const form of readForms(text)) await runner.run(form);
  return runner;
}

class WastRunner implements Outcome {
  passed = 0;
  refused = 0;
  readonly failures: Failure[] = [];
  readonly otherMessages: Failure[] = [];

  readonly #definitions = new Map<string, Uint8Array | undefined>();
  readonly #instances = new Map<string, LiveComponent | undefined>();
  #current: LiveComponent | undefined;
  /** Why there is no current instance. */
  #refusal: unknown;
  readonly #imports = spectest();

  constructor(
    private readonly text: string,
    private readonly transform: (component: Uint8Array) => Promise<Uint8Array>,
  ) {}

  async run(form: List): Promise<void> {
    const directive = atomOf(form.items[0]) ?? "";
    try {
      await timeLimited(this.#perform(directive, form));
      this.passed++;
    } catch (error) {
      if (isRefusal(error)) {
        this.refused++;
        this.#refusal = error;
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      this.failures.push({ line: form.line, directive, reason: reason.split("\n").slice(0, 6).join(" | ") });
    }
  }

  async #perform(directive: string, form: List): Promise<void> {
    const [, first, second] = form.items;
    switch (directive) {
      case "component":
        return this.#component(form);
      case "invoke":
        await this.#invoke(form);
        return;
      case "assert_return":
        return checkResult(await this.#invoke(first as List), form.items.slice(2) as List[]);
      case "assert_trap":
        return this.#assertTrap(first as List, textOf(second) ?? "", form.line);
      case "assert_unlinkable":
        return this.#assertTrap(first as List, "", form.line);
      case "assert_invalid":
      case "assert_malformed":
        return this.#assertInvalid(first as List);
      default:
        throw new Error(`unknown directive ${directive}`);
    }
  }

  async #component(form: List): Promise<void> {
    const [, keyword, name, other] = form.items;
    if (atomOf(keyword) === "instance") return this.#instantiate(atomOf(name) ?? "", atomOf(other) ?? "");
    const isDefinition = atomOf(keyword) === "definition";
    const id = [keyword, name].map(atomOf).find((atom) => atom?.startsWith("$"));
    this.#current = undefined;
    this.#refusal = undefined;
    if (id !== undefined) {
      this.#definitions.set(id, undefined);
      this.#instances.set(id, undefined);
    }
    const bytes = await this.#bytesOf(form);
    if (id !== undefined) this.#definitions.set(id, bytes);
    // Importing components and modules is tested by other means: nobody supplies them here.
    if (isDefinition) return;
    this.#current = await bringToLife(await this.transform(bytes), this.#imports);
    if (id !== undefined) this.#instances.set(id, this.#current);
  }

  async #instantiate(id: string, definition: string): Promise<void> {
    this.#current = undefined;
    this.#refusal = undefined;
    const bytes = this.#definitions.get(definition);
    if (bytes === undefined) throw new Error(`there is no component ${definition}`);
    this.#current = await bringToLife(await this.transform(bytes), this.#imports);
    this.#instances.set(id, this.#current);
  }

  async #bytesOf(form: List): Promise<Uint8Array> {
    const words = form.items.slice(1, 4).map(atomOf);
    const strings = () => form.items.flatMap((item) => (item.kind === "string" ? [item.bytes] : []));
    if (words.includes("binary")) return Buffer.concat(strings());
    if (words.includes("quote")) return parse(`(component ${Buffer.concat(strings()).toString()})`);
    const text = this.text.slice(form.start, form.end);
    return parse(text.replace(/^\(\s*component\s+definition\b/, "(component"));
  }

  async #invoke({ items }: List): Promise<unknown> {
    const [, first, ...rest] = items;
    const id = atomOf(first);
    const [name, ...args] = id === undefined ? [first, ...rest] : rest;
    const target = id === undefined ? this.#current : this.#instances.get(id);
    if (target === undefined) throw this.#refusal ?? new Error("there is no such instance");
    return target.call(
      [textOf(name) ?? ""],
      args.map((arg) => toHost(readValue(arg as List))),
    );
  }

  async #assertTrap(form: List, message: string, line: number): Promise<void> {
    const isComponent = atomOf(form.items[0]) === "component";
    let trapped: Error | undefined;
    try {
      if (isComponent) await this.#component(form);
      else await this.#invoke(form);
    } catch (error) {
      trapped = error as Error;
    }
    if (trapped === undefined) throw new Error(`a trap was wanted: ${message}`);
    if (isRefusal(trapped) || trapped.message.includes("there is no such instance")) throw trapped;
    if (trapped.message.includes(message.replace(/^wasm trap: |^wasm `|` instruction executed$/g, ""))) return;
    this.otherMessages.push({ line, directive: message, reason: trapped.message });
  }

  async #assertInvalid(form: List): Promise<void> {
    const problem = await this.#problemOf(form);
    if (problem === undefined) throw new Error("the component was taken for valid");
  }

  async #problemOf(form: List): Promise<unknown> {
    try {
      const bytes = await this.#bytesOf(form);
      await componentWit(wrapped(bytes));
      await bringToLife(bytes, {});
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ComponentInitError && error.code === "live-handles";
}

function checkResult(result: unknown, expected: readonly List[]): void {
  const [form] = expected;
  if (form === undefined || isValue(result, readValue(form))) return;
  throw new Error(`the result is ${show(result)}`);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}n` : one)) ?? String(value);
}

async function timeLimited<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it takes too long")), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
