import { expect, test } from 'vitest';

import { type Caused, causationGraph } from './causation';

const event = (position: number, cause?: number): Caused => ({
  position,
  event_id: `e${position}`,
  ...(cause === undefined ? {} : { causation_id: `e${cause}` }),
});
const places = (events: Caused[]) =>
  Object.fromEntries(causationGraph(events).nodes.map(({ event, column, row }) => [event.event_id, [column, row]]));

test('a wish leads to its picture in one line', () => {
  expect(places([event(1), event(2, 1), event(5, 2)])).toEqual({ e1: [0, 0], e2: [1, 0], e5: [2, 0] });
});

test('a second effect stands below everything that follows from the first', () => {
  const graph = causationGraph([event(1), event(2, 1), event(3, 1), event(4, 2), event(5, 2)]);
  expect(Object.fromEntries(graph.nodes.map(({ event, column, row }) => [event.event_id, [column, row]]))).toEqual({
    e1: [0, 0],
    e2: [1, 0],
    e4: [2, 0],
    e5: [2, 1],
    e3: [1, 2],
  });
  expect(graph.edges.map(({ from, to }) => `${from.event.event_id}→${to.event.event_id}`)).toEqual(['e1→e2', 'e2→e4', 'e2→e5', 'e1→e3']);
  expect(graph).toMatchObject({ columns: 3, rows: 3 });
});

test('the order in which the events come does not matter', () => {
  const events = [event(1), event(2, 1), event(3, 1), event(4, 3)];
  expect(causationGraph(events.toReversed())).toEqual(causationGraph(events));
});

test('what has no cause among them begins a row; so does what names itself or a later event', () => {
  expect(places([event(3, 1), event(4, 4), event(5, 6), event(6)])).toEqual({
    e3: [0, 0],
    e4: [0, 1],
    e5: [0, 2],
    e6: [0, 3],
  });
});

test('no two stand in one place, and a chain may be long', () => {
  const long = Array.from({ length: 20_000 }, (_, index) => event(index + 1, index === 0 ? undefined : index));
  expect(causationGraph(long)).toMatchObject({ columns: 20_000, rows: 1 });
  const bushy = Array.from({ length: 200 }, (_, index) => event(index + 1, Math.floor(index / 3)));
  const taken = causationGraph(bushy).nodes.map(({ column, row }) => `${column}/${row}`);
  expect(new Set(taken).size).toBe(200);
});

test('nothing is an empty graph', () => {
  expect(causationGraph([])).toEqual({ nodes: [], edges: [], columns: 0, rows: 0 });
});
