/** Validates a component with wasm-tools. */
export async function validateComponent(component: Uint8Array): Promise<void> {
  const { componentWit } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  await componentWit(component);
}
