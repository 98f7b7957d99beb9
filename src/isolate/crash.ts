import { ComponentInitError } from "../errors.js";

/** How a process ended in which a guest ran, if it did not end by itself. */
export function crashed(signal: NodeJS.Signals): ComponentInitError {
  const reason =
    signal === "SIGKILL"
      ? "was killed, most likely because the system ran out of memory: limit the guest's (--max-memory)"
      : `crashed (${signal}), which may be for lack of memory: limit the guest's (--max-memory), or report this`;
  return new ComponentInitError("crashed", `the process that ran the initialization ${reason}`);
}
