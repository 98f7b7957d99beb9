const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "it is a circle of symbolic links",
  EPIPE: "its reader closed it",
};

/** Why a system call failed, as the end of a sentence. */
export function reason(error: unknown): string {
  const known = REASONS[(error as NodeJS.ErrnoException).code ?? ""];
  return known ?? (error instanceof Error ? error.message : String(error));
}
