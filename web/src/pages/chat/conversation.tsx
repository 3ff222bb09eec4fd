import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, useSyncExternalStore } from 'react';
import { useSearchParams } from 'react-router';

import { type Avatar, type ChatMode, type Schemas, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { RequestFailed } from '@/api/problem';
import { chatQuery, messagesQuery, replyKey, subscriptionQuery } from '@/api/queries';
import { Loading, Skeleton } from '@/components/skeleton';
import { Page } from '@/components/page';
import { PastDue } from '@/components/past-due';
import { Paywall, isPaywall } from '@/components/paywall';
import { Segmented } from '@/components/segmented';
import { EmptyState, ErrorNote, ErrorState } from '@/components/states';
import { useUser } from '@/session/use-session';
import { placeMessage } from '@/updates/merge';

import { Composer } from './composer';
import { Letters } from './letters';
import { Outbox, notArrived } from './outbox';
import { Portrait } from './portrait';
import styles from './chat.module.css';

const MODES = [
  { value: 'friendly', label: 'Friendly' },
  { value: 'intimate', label: 'Intimate' },
] as const;

export function Conversation({ chat, avatar }: { chat: Schemas['Chat']; avatar: Avatar }) {
  const { mode } = chat;
  const client = useQueryClient();
  const [query] = useSearchParams();
  const messages = useInfiniteQuery(messagesQuery(mode));
  const subscription = useQuery(subscriptionQuery);
  const reply = useQuery<Schemas['MessageDelta'] | null>({ queryKey: replyKey(mode), enabled: false });
  const outbox = useOutbox();
  const letters = useSyncExternalStore(outbox.subscribe, () => outbox.letters);
  const [draft, setDraft] = useState(() => query.get('say') ?? '');
  const [wanted, want] = useState<ChatMode>();
  const change = useCommand(
    (next: ChatMode, headers) => answer(api.PATCH('/chat', { body: { mode: next }, params: { header: headers } })),
    {
      onSuccess: (changed) => {
        client.setQueryData(chatQuery.queryKey, changed);
        want(undefined);
      },
      onError: () => want(undefined),
    },
  );
  const choose = (next: ChatMode) => {
    want(next);
    change.mutate(next);
  };

  const said = useMemo(() => messages.data?.pages.flatMap(({ items }) => items).reverse() ?? [], [messages.data]);
  const waiting = notArrived(letters, said);
  const refused = letters.map(({ error }) => error).find(isPaywall);
  const failure = messages.error ?? undefined;
  return (
    <Page title={avatar.name} heading={null}>
      <div className={styles.top}>
        <Portrait avatar={avatar}>
          <p className={styles.badge}>{chat.disclosure.badge}</p>
        </Portrait>
        <Segmented label={`How ${avatar.name} behaves`} options={MODES} value={wanted ?? mode} onChange={choose} />
      </div>
      <ErrorNote error={change.error} />
      {/* Once the gate is closed, the paywall below says so. */}
      {subscription.data?.open === true && <PastDue subscription={subscription.data} />}
      {messages.data === undefined && failure === undefined && (
        <div className={styles.letters}>
          <Loading what="Fetching your letters" />
          <Skeleton width="70%" height="88px" />
          <Skeleton width="50%" height="56px" />
        </div>
      )}
      {messages.data === undefined && failure !== undefined && !isPaywall(failure) && (
        <ErrorState error={failure} again={() => void messages.refetch()} />
      )}
      {messages.data !== undefined && said.length === 0 && waiting.length === 0 && (
        <EmptyState title={`Write the first letter`}>
          {chat.disclosure.text ?? `${avatar.name} is an AI, and answers as soon as you write.`}
        </EmptyState>
      )}
      <Letters
        avatar={avatar}
        messages={said}
        waiting={waiting}
        reply={reply.data ?? null}
        unanswered={chat.unanswered}
        older={messages.hasNextPage ? { load: () => void messages.fetchNextPage(), loading: messages.isFetchingNextPage } : undefined}
        onAgain={(key) => outbox.again(key)}
        onDiscard={(key) => outbox.discard(key)}
        onSay={setDraft}
      />
      <div className={styles.foot}>
        {isPaywall(failure) ? (
          <Paywall error={failure} companion={avatar.name} />
        ) : (
          refused !== undefined && <Paywall error={refused} companion={avatar.name} />
        )}
        <Composer
          name={avatar.name}
          mode={mode}
          draft={draft}
          onChange={setDraft}
          onSend={(text) => outbox.write(text, said.at(-1)?.id ?? '')}
        />
      </div>
    </Page>
  );
}

const outboxes = new Map<string, Outbox>();

/** The person's outbox: one for as long as the page lives, whatever page they look at. */
function useOutbox(): Outbox {
  const user = useUser();
  const client = useQueryClient();
  const known = outboxes.get(user.id);
  if (known !== undefined) return known;
  const outbox = new Outbox({
    storage: sessionStorage,
    user: user.id,
    send: ({ key, text }) => {
      if (!navigator.onLine) return Promise.reject(RequestFailed.unreachable(undefined));
      return answer(api.POST('/chat/messages', { body: { text }, params: { header: { 'Idempotency-Key': key } } }));
    },
    arrived: (message) => placeMessage(client, message),
  });
  outboxes.set(user.id, outbox);
  return outbox;
}
