import { type ConstExpr, evaluateConstExpr } from "../../binary/const-expr.js";

/**
 * Whether instantiation may trap because an active segment does not fit (core specification 4.7.2), which is a reason
 * to keep one that nobody reads. An offset that only the host knows may be anything.
 *
 * @param minimum - entries or bytes that are there in any case
 */
export function mayTrap(offset: ConstExpr, length: number, minimum: bigint): boolean {
  const value = evaluateConstExpr(offset);
  if (value === undefined) return true;
  const start = typeof value === "number" ? BigInt(value >>> 0) : BigInt.asUintN(64, value);
  return start + BigInt(length) > minimum;
}
