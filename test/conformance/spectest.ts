import type { HostImplementation } from "../../src/abi/host-func.js";

/** What Wasmtime's own runner of .wast files provides as imports, made anew for each file. */
export function spectest(): Readonly<Record<string, HostImplementation>> {
  let drops = 0;
  let lastDrop = 0;
  class Resource1 {
    constructor(readonly rep: number) {}
    [Symbol.dispose](): void {
      drops++;
      lastDrop = this.rep;
    }
  }
  const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(() => resolve(value)));
  const never = () => new Promise(() => undefined);
  const check = (resource: unknown, rep: unknown) => {
    if (!(resource instanceof Resource1) || resource.rep !== rep) throw new Error("another resource was expected");
  };
  return {
    "host-echo-u32": async (value) => value,
    "host-return-two": () => 2,
    "host#return-three": () => 3,
    "host/nested#return-four": () => 4,
    "host#[constructor]resource1": (rep) => new Resource1(rep as number),
    "host#[static]resource1.assert": check,
    "host#[static]resource1.last-drop": () => lastDrop,
    "host#[static]resource1.drops": () => drops,
    "host#[method]resource1.simple": check,
    "host#[method]resource1.take-borrow": () => undefined,
    "host#[method]resource1.take-own": () => undefined,
    "host#[method]resource1.never-return": never,
    "host#never-return": never,
    "host#return-two-slowly": () => later(2),
    "host#echo-slowly": (value) => later(value),
    "host#return-hi": () => "hi",
  };
}
