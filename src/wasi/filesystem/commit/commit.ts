import { randomUUID } from "node:crypto";
import { ComponentInitError } from "../../../errors.js";
import type { Enclosure } from "../enclosure.js";
import type { Mounted } from "../mount-table.js";
import { HostWriter } from "./host-writer.js";
import { MountCommit } from "./mount-commit.js";
import { withSignalsDeferred } from "./signals.js";

/**
 * Carries out on the host what the guest did in the `rw` mounts: all of it, or nothing. A process that is killed
 * meanwhile, or a disk that fails, can leave files with names in `.component-init-`.
 *
 * @returns paths of what remains on the host and should not
 * @throws ComponentInitError `io`
 */
export async function commitChanges(mounts: readonly Mounted[], within: Enclosure): Promise<string[]> {
  const writer = new HostWriter(within);
  const prefix = `.component-init-${randomUUID()}-`;
  const commits = mounts.flatMap(({ mode, host, root }) =>
    mode === "rw" && host !== undefined ? [{ host, commit: new MountCommit(root, host, writer, prefix) }] : [],
  );
  if (commits.length === 0) return [];
  return withSignalsDeferred(() => {
    for (const step of ["stage", "detach", "place", "setTimes"] as const) {
      for (const { host, commit } of commits) {
        try {
          commit[step]();
        } catch (cause) {
          throw notWritten(host, cause, writer.revert());
        }
      }
    }
    const remaining = commits.flatMap(({ commit }) => commit.discard());
    // Removing an entry changes the times of its directory once more.
    for (const { commit } of commits) commit.setTimes();
    return remaining;
  });
}

function notWritten(host: string, cause: unknown, remains: readonly string[]): ComponentInitError {
  const message = `cannot write the guest's changes to ${host}: ${reasonOf(cause)}`;
  if (remains.length === 0) return new ComponentInitError("io", `${message}; nothing was changed`, { cause });
  const details = remains.map((why) => `  ${why}`);
  return new ComponentInitError("io", `${message}; not everything could be taken back`, { cause, details });
}

function reasonOf(cause: unknown): string {
  // An error code of the enclosure: the place is not what it was.
  return cause instanceof Error ? cause.message : `one of its directories has been moved or replaced (${cause})`;
}
