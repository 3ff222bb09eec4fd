import { useInfiniteQuery } from '@tanstack/react-query';

import { type Schemas, answer, api } from '@/api/client';
import { type CommandHeaders, useCommand } from '@/api/command';
import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { PagesOf } from '@/components/pages-of';
import { EmptyState, ErrorNote } from '@/components/states';
import { Views, useView } from '@/components/views';
import { WorkItem, WorkList } from '@/components/work-list';
import { digits, instant } from '@/format/ledger';

import { type WebhookState, useLookAgain, webhooksQuery } from './queries';

const STATES = ['parked', 'waiting', 'done'] as const;
const TONES = { parked: 'refused', waiting: 'waiting', done: 'done' } as const;
const NONE: Record<WebhookState, string> = {
  parked: 'Every message of the payment provider was dealt with, or is about to be.',
  waiting: 'The worker has caught up with the payment provider.',
  done: 'They appear here as soon as somebody pays.',
};

/** The payment provider’s messages, without their bodies. */
export function Webhooks() {
  const state = useView<WebhookState>('state', STATES);
  const query = useInfiniteQuery(webhooksQuery(state));
  return (
    <>
      <Views
        small
        label="State of the messages"
        parameter="state"
        current={state}
        views={STATES.map((id) => ({ id, label: id.charAt(0).toUpperCase() + id.slice(1) }))}
      />
      <PagesOf query={query} what="The messages" empty={<EmptyState title={`No ${state} messages`}>{NONE[state]}</EmptyState>}>
        {(webhooks) => (
          <WorkList label={`Messages, ${state}`}>
            {webhooks.map((webhook) => (
              <Message key={webhook.id} webhook={webhook} />
            ))}
          </WorkList>
        )}
      </PagesOf>
    </>
  );
}

function Message({ webhook }: { webhook: Schemas['Webhook'] }) {
  const { id, type, provider, state, attempts, replays, error, received_at, settled_at } = webhook;
  const replay = useCommand(
    (_: undefined, header: CommandHeaders) =>
      answer(api.POST('/admin/webhooks/{webhook_id}/replay', { params: { path: { webhook_id: id }, header } })),
    { onSuccess: useLookAgain() },
  );
  return (
    <WorkItem
      title={<code>{type}</code>}
      badge={<Badge tone={TONES[state]}>{state}</Badge>}
      facts={[
        ['Message', <code>{id}</code>],
        ['From', provider],
        ['Attempts', digits(attempts)],
        ...(replays === 0 ? [] : [['Handed out again', `${digits(replays)} ×`] as const]),
        ['Came', <time dateTime={received_at}>{instant(received_at)}</time>],
        ...(settled_at === undefined || settled_at === null
          ? []
          : [['Settled', <time dateTime={settled_at}>{instant(settled_at)}</time>] as const]),
      ]}
      actions={
        <Button size="small" busy={replay.isPending} aria-label={`Hand out again: ${id}`} onClick={() => replay.mutate()}>
          Hand out again
        </Button>
      }
    >
      {error !== undefined && error !== null && <p>{error}</p>}
      <ErrorNote error={replay.error} />
    </WorkItem>
  );
}
