import { expect } from "vitest";
import { type ComponentInitError, type ErrorCode, type PreinitializeOptions, preinitialize } from "../../src/index.js";

/** Pre-initializes, expecting a {@link ComponentInitError} with one of the codes, and returns it. */
export async function refusal(
  component: Uint8Array,
  options: PreinitializeOptions,
  ...codes: ErrorCode[]
): Promise<ComponentInitError> {
  const result = await preinitialize(component, options).then(
    () => "it succeeded",
    (error: unknown) => error,
  );
  // The whole error in the failure's text, for a wrong code says little.
  expect(result).toMatchObject({ name: "ComponentInitError" });
  const error = result as ComponentInitError;
  expect(codes, error.message).toContain(error.code);
  return error;
}
