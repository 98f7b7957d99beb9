import { createHash } from "node:crypto";
import { shortened, shortenedLines } from "../../shortened.js";

/** What the guest asked of the network, for the report. */
export interface NetworkActivity {
  /** `udp` is a peer that datagrams went to or came from; `more` stands for what is not listed any more. */
  readonly kind: "http" | "tcp" | "udp" | "lookup" | "tcp-bind" | "udp-bind" | "more";
  /** A URL without its query, an address with a port, or a name; how many for `more`. */
  readonly to: string;
  readonly method?: string;
  /** The status of the response. */
  readonly status?: number;
  /** Why it failed, as WASI calls it; `access-denied` and `HTTP-request-denied` for what was not allowed. */
  readonly error?: string;
  /** How many more went to this destination that are not listed one by one. */
  readonly more?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A guest can ask for more than there is memory for. What is refused must not hide what was reached. */
const MAX_REACHED = 10_000;
const MAX_REFUSED = 1000;
/** Of what is not listed one by one: how many destinations are. */
const MAX_DESTINATIONS = 1000;
const MAX_METHOD = 100;

interface Listed {
  readonly entry: Mutable<NetworkActivity>;
  /** When it was asked for. */
  readonly at: number;
}

/** What was asked for, in order; equal refusals and equal peers once. */
export class ActivityLog {
  readonly #reached: Listed[] = [];
  readonly #refused: Listed[] = [];
  readonly #peers = new Set<string>();
  readonly #refusals = new Set<string>();
  /** What has no place in the list, by destination. */
  readonly #beyond = new Map<string, { readonly entry: NetworkActivity; count: number }>();
  #moreReached = 0;
  #moreRefused = 0;
  #asked = 0;

  /**
   * @param destination - what it is counted by when it is not listed
   * @returns what may be completed when the outcome is known
   */
  reached(entry: NetworkActivity, destination = entry.to): Mutable<NetworkActivity> {
    const added = withShortTexts(entry);
    if (this.#reached.length < MAX_REACHED) this.#reached.push({ entry: added, at: this.#asked++ });
    else this.#count({ kind: entry.kind, to: shortened(destination) });
    return added;
  }

  /** Someone whom datagrams went to or came from. */
  peer(to: string): void {
    if (this.#peers.has(to)) return;
    if (this.#peers.size < MAX_REACHED) this.#peers.add(to);
    this.reached({ kind: "udp", to });
  }

  refused(entry: NetworkActivity): void {
    const added = withShortTexts(entry);
    const key = keyOf(entry, added);
    if (this.#refusals.has(key)) return;
    if (this.#refusals.size < MAX_REFUSED) {
      this.#refusals.add(key);
      this.#refused.push({ entry: added, at: this.#asked++ });
    } else this.#moreRefused++;
  }

  /** How many more there were comes last, of what was reached and of what was refused. */
  list(): NetworkActivity[] {
    const listed = [...this.#reached, ...this.#refused].sort((a, b) => a.at - b.at);
    return [
      ...listed.map(({ entry }) => ({ ...entry })),
      ...[...this.#beyond.values()].map(({ entry, count }) => ({ ...entry, more: count })),
      ...moreOf(this.#moreReached, {}),
      ...moreOf(this.#moreRefused, { error: "access-denied" }),
    ];
  }

  #count(entry: NetworkActivity): void {
    const key = JSON.stringify(entry);
    const known = this.#beyond.get(key);
    if (known !== undefined) known.count++;
    else if (this.#beyond.size < MAX_DESTINATIONS) this.#beyond.set(key, { entry, count: 1 });
    else this.#moreReached++;
  }
}

function withShortTexts(entry: NetworkActivity): Mutable<NetworkActivity> {
  const { to, method } = entry;
  return { ...entry, to: shortened(to), ...(method !== undefined && { method: shortened(method, MAX_METHOD) }) };
}

/** Texts that begin in the same way are none the less different ones. */
function keyOf(entry: NetworkActivity, shown: NetworkActivity): string {
  const [whole, key] = [JSON.stringify(entry), JSON.stringify(shown)];
  return whole === key ? key : createHash("sha256").update(whole).digest("base64");
}

function moreOf(count: number, how: Pick<NetworkActivity, "error">): NetworkActivity[] {
  return count === 0 ? [] : [{ kind: "more", to: String(count), ...how }];
}

function isRefused({ error }: NetworkActivity): boolean {
  return error === "access-denied" || error === "HTTP-request-denied";
}

function isBinding({ kind }: NetworkActivity): boolean {
  return kind === "tcp-bind" || kind === "udp-bind";
}

/** How often something like an entry was done. */
function countOf({ kind, to, more }: NetworkActivity): number {
  return kind === "more" ? Number(to) : (more ?? 1);
}

/** What came back may be in the output. What was refused leaves no trace of the world. */
export function networkWarnings(activity: readonly NetworkActivity[] = []): string[] {
  const done = activity.filter((entry) => !isRefused(entry));
  const reached = done.filter((entry) => !isBinding(entry));
  return reached.length > 0
    ? warningOf("used the network", "what it found there", reached)
    : warningOf("bound ports of this machine", "which of them were free", done);
}

function warningOf(did: string, cause: string, entries: readonly NetworkActivity[]): string[] {
  const [first] = entries;
  if (first === undefined) return [];
  const others = entries.reduce((sum, entry) => sum + countOf(entry), 0) - 1;
  const more = others === 0 ? "" : ` and ${others} more`;
  return [`initialization ${did} (${first.to}${more}): the output depends on ${cause}`];
}

/** How many refusals are shown below an error. */
const MAX_LINES = 40;

/** For the lines below an error. */
export function refusals(activity: readonly NetworkActivity[]): string[] {
  const refused = activity.filter(isRefused);
  if (refused.length === 0) return [];
  const listed = refused.filter(({ kind }) => kind !== "more").map(({ kind, to }) => `  ${kind} ${to}`);
  const others = refused.reduce((sum, entry) => sum + countOf(entry), 0) - listed.length;
  return [
    "the network refused, because --allow-network does not name them:",
    ...shortenedLines(listed, MAX_LINES, others),
  ];
}
