/** What the guest asked of its host, so far as it matters to whoever wants to build the same again. */
export class Activity {
  /** `get-environment` gives all variables at once: which of them the guest wanted cannot be seen. */
  environmentRead = false;
  preopensListed = false;
  randomBytes = 0;
  /** Questions for the time, of either clock. Waiting is none. */
  clockQueries = 0;
}
