import { ComponentInitError } from "./errors.js";

/**
 * Older versions lack what components need, and would fail somewhere in the middle with an error of V8's. Bun passes for a new
 * one, but it has another engine: what is learnt from stacks and from which functions are the same would be wrong.
 *
 * @throws ComponentInitError `unsupported`
 */
export function checkEngine({ node, bun }: { readonly [name: string]: string | undefined } = process.versions): void {
  const [major = 0, minor = 0] = (node ?? "").split(".").map(Number);
  if (bun === undefined && (major > 22 || (major === 22 && minor >= 12))) return;
  const found = bun === undefined ? `Node ${node}` : `Bun ${bun}`;
  throw new ComponentInitError("unsupported", `component-init needs Node 22.12 or later, and this is ${found}`);
}
