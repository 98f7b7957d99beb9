import { type FunctionType, formatFunctionType, formatType, type ValueType } from "../component/value-types.js";
import { ComponentInitError } from "../errors.js";
import type { WaveCall, WaveNode } from "./nodes.js";
import { position, quote } from "./source.js";

/** Where in the arguments a value is: `path` reads like `config.retries[2]`. */
export type Context = { call: WaveCall; path: string };

export function inside(context: Context, step: string): Context {
  return { call: context.call, path: context.path + step };
}

export function fail(at: { start: number }, { call, path }: Context, problem: string): never {
  throw signatureError(`Argument '${path}' of '${call.name}' ${problem}`, position(call.text, at.start));
}

export function mismatch(node: WaveNode, type: ValueType, context: Context, hint = ""): never {
  return fail(node, context, `must be ${formatType(type)}, ${found(node, context)}${hint}`);
}

export function found(node: WaveNode, context: Context): string {
  return `found ${quote(context.call.text, node.start, node.end)}`;
}

/** The word with which a node begins, for a hint to write it with `%`. */
export function keyword(node: WaveNode, context: Context): string {
  return /^[a-z]*/.exec(context.call.text.slice(node.start, node.end))?.[0] ?? "";
}

export function needsPayload(label: string, type: ValueType): string {
  return `must have a payload: ${label}(...) with a ${formatType(type)}, found '${label}' alone`;
}

export function unexpectedPayload(label: string, type: ValueType): string {
  return `must be ${formatType(type)}, found a payload for the case '${label}', which has none`;
}

export function checkCount(call: WaveCall, type: FunctionType, args: readonly WaveNode[]): void {
  const most = type.params.length;
  // "Any number of `option` `none` values at the end of the sequence may be omitted" (wasm-wave README).
  const least = type.params.findLastIndex((param) => param.type.kind !== "option") + 1;
  if (args.length >= least && args.length <= most) return;
  const wanted = least === most ? `${most}` : `${least} to ${most}`;
  const at = args[most]?.start ?? call.text.trimEnd().length - (call.args === undefined ? 0 : 1);
  const found = call.args === undefined ? "a name without arguments" : `${args.length}`;
  const signature = formatFunctionType(type);
  throw signatureError(
    `'${call.name}' is ${signature} and takes ${wanted} argument${wanted === "1" ? "" : "s"}, found ${found}`,
    position(call.text, at),
  );
}

function signatureError(problem: string, where: string): ComponentInitError {
  return new ComponentInitError("init-signature", `${problem}, at ${where}.`);
}
