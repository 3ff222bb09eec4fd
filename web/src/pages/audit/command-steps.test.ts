import { expect, test } from 'vitest';

import { causationGraph } from './causation';
import { withCommands } from './command-steps';
import type { LogEvent } from './log';

function event(position: number, cause: string, command = 'RequestPhoto'): LogEvent {
  return {
    position,
    event_id: `e${position}`,
    aggregate_type: 'PhotoRequest',
    aggregate_id: 'p',
    sequence: position,
    event_type: 'PhotoRequested',
    event_version: '1',
    payload: {},
    metadata: { actor: 'user:u', correlation_id: 'c', causation_id: cause, command, owner: 'u' },
    recorded_at: '2026-11-26T06:20:00Z',
  };
}

test('a request stands once, before everything that it caused at once', () => {
  const steps = withCommands([event(7, 'e5', 'StartGeneration'), event(5, 'request'), event(6, 'request')]);
  expect(steps.filter(({ event }) => event === undefined)).toEqual([
    { position: 4.5, event_id: 'request', name: 'RequestPhoto', actor: 'user:u' },
  ]);
  const { nodes, edges } = causationGraph(steps);
  expect(nodes.map(({ event, column }) => [event.event_id, column])).toEqual([
    ['request', 0],
    ['e5', 1],
    ['e7', 2],
    ['e6', 1],
  ]);
  expect(edges).toHaveLength(3);
});

test('each request has its own step', () => {
  const steps = withCommands([event(1, 'one', 'CreateAvatar'), event(2, 'other', 'ReviseAvatar')]);
  expect(steps.filter(({ event }) => event === undefined).map(({ name }) => name)).toEqual(['CreateAvatar', 'ReviseAvatar']);
});
