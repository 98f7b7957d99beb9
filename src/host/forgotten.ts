/** What guests can be made to forget of the host that they were initialized in. */
export type Forgotten = "adapter" | "preopens" | "environ";

export const FORGOTTEN: readonly Forgotten[] = ["adapter", "preopens", "environ"];
