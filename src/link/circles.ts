/** What depends on what, with everything that goes round in a circle together. */
export interface Circles<T> {
  /** What each needs, in order. */
  readonly needed: ReadonlyMap<T, readonly T[]>;
  /** A number for each circle; what needs nothing that needs it is a circle of its own. */
  readonly circleOf: ReadonlyMap<T, number>;
}

/** Tarjan's algorithm, without recursion: chains can be of any length. */
export function circlesOf<T>(items: readonly T[], neededBy: (item: T) => readonly T[]): Circles<T> {
  const needed = new Map<T, readonly T[]>();
  const circleOf = new Map<T, number>();
  /** When each was reached, and the earliest that it leads back to. */
  const visits = new Map<T, Visit>();
  const open: T[] = [];
  let circles = 0;
  for (const root of items) {
    if (visits.has(root)) continue;
    const path: { readonly item: T; readonly visit: Visit; next: number }[] = [];
    const enter = (item: T) => {
      const visit = { at: visits.size, earliest: visits.size };
      visits.set(item, visit);
      needed.set(item, neededBy(item));
      open.push(item);
      path.push({ item, visit, next: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { item, visit } = top;
      const other = (needed.get(item) as readonly T[])[top.next++];
      if (other !== undefined) {
        const known = visits.get(other);
        if (known === undefined) enter(other);
        else if (!circleOf.has(other)) visit.earliest = Math.min(visit.earliest, known.at);
        continue;
      }
      path.pop();
      const around = path.at(-1)?.visit;
      if (around !== undefined) around.earliest = Math.min(around.earliest, visit.earliest);
      if (visit.earliest === visit.at) {
        closeCircle(item, open, circleOf, circles);
        circles++;
      }
    }
  }
  return { needed, circleOf };
}

interface Visit {
  readonly at: number;
  earliest: number;
}

function closeCircle<T>(first: T, open: T[], circleOf: Map<T, number>, circle: number): void {
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    circleOf.set(item, circle);
    if (item === first) return;
  }
}

/** The circles, each after all that it needs, and in each first who is reached first. */
export function circlesInOrder<T>(items: readonly T[], graph: Circles<T>): T[][] {
  const order: T[][] = [];
  const begun = new Set<number | undefined>();
  const stack: { readonly circle: readonly T[]; readonly outside: Iterator<T> }[] = [];
  const begin = (item: T) => {
    const circle = graph.circleOf.get(item);
    if (begun.has(circle)) return;
    begun.add(circle);
    const { members, outside } = explore(item, graph);
    stack.push({ circle: members, outside: outside[Symbol.iterator]() });
  };
  for (const item of items) {
    begin(item);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value, done } = top.outside.next();
      if (!done) {
        begin(value);
        continue;
      }
      order.push([...top.circle]);
      stack.pop();
    }
  }
  return order;
}

/** A circle depth first, and what it needs of others breadth first. */
function explore<T>(first: T, { needed, circleOf }: Circles<T>): { members: T[]; outside: T[] } {
  const isMember = (item: T) => circleOf.get(item) === circleOf.get(first);
  const nextOf = (item: T) => needed.get(item) ?? [];
  const reached = new Set([first]);
  const outside = new Set<T>();
  for (const item of reached) for (const next of nextOf(item)) (isMember(next) ? reached : outside).add(next);
  const members = new Set<T>();
  const pending = [first];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (members.has(item)) continue;
    members.add(item);
    for (const next of nextOf(item).toReversed()) if (isMember(next)) pending.push(next);
  }
  return { members: [...members], outside: [...outside] };
}
