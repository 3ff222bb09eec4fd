import type { Schemas } from '@/api/client';

import { digits } from '@/format/ledger';

/** Things of one kind that wait for an operator. */
export interface Work {
  view: 'reports' | 'photos' | 'webhooks' | 'read-models';
  count: number;
  /** As `2 reports wait for an answer`. */
  what: string;
  /** What makes it urgent, or what to do. */
  detail: string;
  urgent: boolean;
}

/** What waits, the most urgent first; kinds of which nothing waits are left out. */
export function waitingIn(figures: Schemas['Figures'] | undefined): Work[] {
  if (figures === undefined) return [];
  const { reports, webhooks, lag, photos } = figures;
  const failed = photos.find(({ status }) => status === 'failed')?.count ?? 0;
  const stopped = lag.filter(({ state }) => state === 'failed');
  const all: Work[] = [
    {
      view: 'read-models',
      count: stopped.length,
      what: plural(stopped.length, 'follower of the log has stopped', 'followers of the log have stopped'),
      detail: `${stopped.map(({ name }) => name).join(', ')}: what people see grows old until it goes on.`,
      urgent: true,
    },
    {
      view: 'reports',
      count: reports.open,
      what: plural(reports.open, 'report waits for an answer', 'reports wait for an answer'),
      detail: reports.overdue === 0 ? 'All of them within the promised time.' : `${digits(reports.overdue)} for longer than was promised.`,
      urgent: reports.overdue > 0,
    },
    {
      view: 'webhooks',
      count: webhooks.parked,
      what: plural(webhooks.parked, 'payment message is parked', 'payment messages are parked'),
      detail: 'They failed for good: see why, and hand them out again.',
      urgent: false,
    },
    {
      view: 'photos',
      count: failed,
      what: plural(failed, 'photo has failed', 'photos have failed'),
      detail: 'Their people were told, and nothing was taken from their quota. What was not the content’s fault can be tried again.',
      urgent: false,
    },
  ];
  return all.filter(({ count }) => count > 0).sort((one, other) => Number(other.urgent) - Number(one.urgent));
}

function plural(count: number, one: string, many: string): string {
  return `${digits(count)} ${count === 1 ? one : many}`;
}
