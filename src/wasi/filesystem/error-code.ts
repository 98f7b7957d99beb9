/** The cases of `error-code` in `wasi:filesystem/types` that this host gives. */
const CODES = [
  "access",
  "bad-descriptor",
  "busy",
  "cross-device",
  "exist",
  "file-too-large",
  "illegal-byte-sequence",
  "insufficient-space",
  "invalid",
  "io",
  "is-directory",
  "loop",
  "name-too-long",
  "no-entry",
  "not-directory",
  "not-empty",
  "not-permitted",
  "overflow",
  "read-only",
] as const;

export type ErrorCode = (typeof CODES)[number];

const KNOWN: ReadonlySet<unknown> = new Set(CODES);

export function isErrorCode(value: unknown): value is ErrorCode {
  return KNOWN.has(value);
}

/** Throws the bare code: that is the error case of a `result`. */
export function fail(code: ErrorCode): never {
  throw code;
}

const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EACCES: "access",
  ENAMETOOLONG: "name-too-long",
  ENOENT: "no-entry",
  EPERM: "not-permitted",
  // The host's path was checked to hold plain directories. What is now in the place of one is not what was there.
  ELOOP: "no-entry",
  ENOTDIR: "no-entry",
};

/** Runs calls to the host's file system, whose errors become the guest's. */
export function hostCall<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return fail(BY_ERRNO[error.code] ?? "io");
  }
}

export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}
