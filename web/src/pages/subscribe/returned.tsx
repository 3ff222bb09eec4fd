import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';

import { type Subscription, api } from '@/api/client';
import { subscriptionQuery } from '@/api/queries';
import { Banner } from '@/components/banner';
import { Button } from '@/components/button';

/** How often the payment provider is asked, beside what `/updates` tells: somebody has just paid. */
const ASK_MS = 3000;
/** After how long one is told that it takes longer. */
const LONG_MS = 20_000;

/** Back from the payment provider: paid, or not. Its word to us may take a moment; until then this waits. */
export function Returned({ subscription, name }: { subscription: Subscription; name: string }) {
  const client = useQueryClient();
  const paid = new URLSearchParams(window.location.search).get('checkout') === 'success';
  const isWaiting = paid && !subscription.open;
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!isWaiting) return;
    let asking: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const ask = async () => {
      // Its message may be late, or fail to reach us; then the question still does.
      const { data } = await api.POST('/billing/sync').catch(() => ({ data: undefined }));
      if (over) return;
      if (data !== undefined) client.setQueryData(subscriptionQuery.queryKey, data);
      asking = setTimeout(() => void ask(), ASK_MS);
    };
    void ask();
    const waiting = setTimeout(() => setLong(true), LONG_MS);
    return () => {
      over = true;
      clearTimeout(asking);
      clearTimeout(waiting);
    };
  }, [isWaiting, client]);

  if (!paid) {
    return (
      <Banner tone="waiting" title="Nothing was paid">
        You came back without subscribing. Whenever you like, it is here.
      </Banner>
    );
  }
  if (isWaiting) {
    return (
      <div role="status">
        <Banner tone="waiting" title="Thank you. Waiting for the payment to arrive">
          {long
            ? 'It takes longer than usual. You may leave this page: everything opens by itself, and nothing is paid twice.'
            : 'This takes a few seconds.'}
        </Banner>
      </div>
    );
  }
  return (
    <div role="status">
      <Banner
        tone="done"
        title="You are subscribed"
        action={
          <Button asChild look="main">
            <Link to="/chat">Write to {name}</Link>
          </Button>
        }
      >
        Everything is open. Thank you.
      </Banner>
    </div>
  );
}
