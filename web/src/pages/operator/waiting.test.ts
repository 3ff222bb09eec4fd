import { expect, test } from 'vitest';

import type { Schemas } from '@/api/client';

import { waitingIn } from './waiting';

const quiet: Schemas['Figures'] = {
  measured_at: '2026-11-26T06:41:12Z',
  log_position: 7,
  photos: [{ status: 'delivered', count: 5 }],
  deliveries: [],
  subscriptions: [],
  queue: { depth: 0, due: 0 },
  lag: [{ name: 'photos', events: 0, seconds: 0, state: 'running' }],
  reports: { open: 0, overdue: 0 },
  webhooks: { waiting: 2, parked: 0, done: 9 },
};

test('nothing waits in a quiet system, and nothing is said before it is known', () => {
  expect(waitingIn(quiet)).toEqual([]);
  expect(waitingIn(undefined)).toEqual([]);
});

test('what is urgent comes first', () => {
  const work = waitingIn({
    ...quiet,
    photos: [{ status: 'failed', count: 1 }],
    lag: [{ name: 'photos', events: 12, seconds: 60, state: 'failed' }],
    reports: { open: 2, overdue: 1 },
    webhooks: { waiting: 0, parked: 3, done: 0 },
  });
  expect(work.map(({ what, urgent }) => [what, urgent])).toEqual([
    ['1 follower of the log has stopped', true],
    ['2 reports wait for an answer', true],
    ['3 payment messages are parked', false],
    ['1 photo has failed', false],
  ]);
  expect(work[0]!.detail).toContain('photos:');
  expect(work[1]!.detail).toBe('1 for longer than was promised.');
});
