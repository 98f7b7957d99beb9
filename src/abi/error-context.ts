/** CanonicalABI.md, `ErrorContext`. */
export class ErrorContext {
  constructor(readonly debugMessage: string) {}
}
