import type { Options } from "yargs";
import type { OptionHelp } from "./help.js";

/** Every command takes it. */
export const TIMEOUT_OPTION = {
  type: "string",
  nargs: 1,
  placeholder: "DURATION",
  describe:
    "How long all of it may take, such as 30s, 500ms or 2m (a number alone is seconds); without it as long as it takes",
} satisfies OptionHelp & Options;
