/** What the guest asked of the network, for the report. */
export interface NetworkActivity {
  /** `more` stands for what is not listed any more. */
  readonly kind: "http" | "tcp" | "udp" | "lookup" | "more";
  /** A URL without its query, an address with a port, or a name; how many for `more`. */
  readonly to: string;
  readonly method?: string;
  /** The status of the response. */
  readonly status?: number;
  /** Why it failed, as WASI calls it; `access-denied` and `HTTP-request-denied` for what was not allowed. */
  readonly error?: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A guest can ask for more than there is memory for. What is listed once, such as refusals, must not hide the rest. */
const MAX_ENTRIES = 100_000;
const MAX_ONCE = 1000;

/** What was asked for, in order; equal refusals and equal destinations of datagrams once. */
export class ActivityLog {
  readonly #entries: Mutable<NetworkActivity>[] = [];
  readonly #once = new Set<string>();
  #omitted = 0;

  /** @returns what may be completed when the outcome is known */
  add(entry: NetworkActivity): Mutable<NetworkActivity> {
    const added = { ...entry };
    if (this.#entries.length < MAX_ENTRIES) this.#entries.push(added);
    else this.#omitted++;
    return added;
  }

  addOnce(entry: NetworkActivity): void {
    const key = JSON.stringify(entry);
    if (this.#once.has(key)) return;
    if (this.#once.size >= MAX_ONCE) this.#omitted++;
    else {
      this.#once.add(key);
      this.add(entry);
    }
  }

  list(): NetworkActivity[] {
    const entries = this.#entries.map((entry) => ({ ...entry }));
    return this.#omitted === 0 ? entries : [...entries, { kind: "more", to: String(this.#omitted) }];
  }
}

function isRefused({ error }: NetworkActivity): boolean {
  return error === "access-denied" || error === "HTTP-request-denied";
}

/** What came back may be in the output. What was refused leaves no trace of the world. */
export function networkWarnings(activity: readonly NetworkActivity[] = []): string[] {
  const reached = activity.filter((entry) => !isRefused(entry));
  const [first] = reached;
  if (first === undefined) return [];
  const more = reached.length === 1 ? "" : ` and ${reached.length - 1} more`;
  return [`initialization used the network (${first.to}${more}): the output depends on what it found there`];
}

/** For the lines below an error. */
export function refusals(activity: readonly NetworkActivity[]): string[] {
  const refused = activity.filter(isRefused).map(({ kind, to }) => `  ${kind} ${to}`);
  return refused.length === 0 ? [] : ["the network refused, because --allow-network does not name them:", ...refused];
}
