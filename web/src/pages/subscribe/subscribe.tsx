import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';

import type { Subscription } from '@/api/client';
import { avatarQuery, plansQuery, subscriptionQuery } from '@/api/queries';
import { Page } from '@/components/page';
import { Loading, Skeleton } from '@/components/skeleton';
import { ErrorState } from '@/components/states';

import { Manage } from './manage';
import { Plans } from './plans';
import { Returned } from './returned';

/** Whether there is something to manage; what has ended is begun anew. */
function isRunning({ status }: Subscription): boolean {
  return status !== 'none' && status !== 'canceled' && status !== 'incomplete_expired' && status !== 'incomplete';
}

export function Component() {
  const [query] = useSearchParams();
  const subscription = useQuery(subscriptionQuery);
  const plans = useQuery(plansQuery);
  const avatar = useQuery(avatarQuery);
  const name = avatar.data?.name ?? 'your companion';
  const outcome = query.get('checkout');
  const error = subscription.error ?? plans.error;
  if (subscription.data === undefined || plans.data === undefined) {
    return (
      <Page title="Your subscription" wide={false}>
        {error !== null ? (
          <ErrorState
            error={error}
            again={() => {
              void subscription.refetch();
              void plans.refetch();
            }}
          />
        ) : (
          <>
            <Loading what="Looking at your subscription" />
            <Skeleton height="220px" />
          </>
        )}
      </Page>
    );
  }
  if (isRunning(subscription.data)) {
    return (
      <Page title="Your subscription">
        {outcome === 'success' && <Returned subscription={subscription.data} name={name} />}
        <Manage subscription={subscription.data} plans={plans.data.items} />
      </Page>
    );
  }
  return (
    <Page title="Subscribe" heading={`Letters and pictures from ${name}`} lead="Choose how. You can end it at any time, in two clicks.">
      {outcome !== null && <Returned subscription={subscription.data} name={name} />}
      <Plans plans={plans.data.items} name={name} waiting={outcome === 'success'} />
    </Page>
  );
}
