/** An event, as far as it matters what caused it. */
export interface Caused {
  position: number;
  event_id: string;
  /** The event that it follows from; none for the answer to a command of a person. */
  causation_id?: string | null;
}

/** Where an event stands: `column` is how many causes it has one behind the other, `row` is from the top. */
export interface Placed<Event> {
  event: Event;
  column: number;
  row: number;
}

export interface CausationGraph<Event> {
  nodes: Placed<Event>[];
  /** From a cause to what follows from it. */
  edges: { from: Placed<Event>; to: Placed<Event> }[];
  columns: number;
  rows: number;
}

/**
 * Lays out what follows from what, from the left to the right: the first effect in its cause's row, each further one
 * below all that follows from the one before. So no line crosses another. An event whose cause is not among those given
 * begins a row of its own; so does one that names a later event, which cannot have caused it.
 */
export function causationGraph<Event extends Caused>(events: readonly Event[]): CausationGraph<Event> {
  const ordered = [...events].sort((one, other) => one.position - other.position);
  const known = new Map(ordered.map((event) => [event.event_id, event]));
  const effects = new Map<Event, Event[]>();
  const roots: Event[] = [];
  for (const event of ordered) {
    const cause = known.get(event.causation_id ?? '');
    if (cause === undefined || cause.position >= event.position) roots.push(event);
    else effects.set(cause, [...(effects.get(cause) ?? []), event]);
  }

  const graph: CausationGraph<Event> = { nodes: [], edges: [], columns: 0, rows: 0 };
  const waiting: { event: Event; cause?: Placed<Event>; first: boolean }[] = roots
    .toReversed()
    .map((event) => ({ event, first: false }));
  // A list instead of recursion: a chain may be longer than the stack.
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { event, cause, first } = next;
    const row = first && cause !== undefined ? cause.row : graph.rows;
    const placed = { event, column: cause === undefined ? 0 : cause.column + 1, row };
    graph.nodes.push(placed);
    if (cause !== undefined) graph.edges.push({ from: cause, to: placed });
    graph.rows = Math.max(graph.rows, row + 1);
    graph.columns = Math.max(graph.columns, placed.column + 1);
    const following = effects.get(event) ?? [];
    waiting.push(...following.map((effect, index) => ({ event: effect, cause: placed, first: index === 0 })).toReversed());
  }
  return graph;
}
