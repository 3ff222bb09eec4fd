import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { type Schemas, type Subscription, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { subscriptionQuery } from '@/api/queries';
import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { Card } from '@/components/card';
import { PastDue } from '@/components/past-due';
import { PortalButton } from '@/components/paywall';
import { ErrorNote } from '@/components/states';
import { day, money } from '@/format/format';

import { CancelDialog } from './cancel-dialog';
import { Invoices } from './invoices';
import styles from './subscribe.module.css';

const STATUS: Record<Subscription['status'], { label: string; tone: 'done' | 'waiting' | 'refused' | 'plain' }> = {
  none: { label: 'None', tone: 'plain' },
  active: { label: 'Active', tone: 'done' },
  trialing: { label: 'On trial', tone: 'done' },
  past_due: { label: 'Payment past due', tone: 'waiting' },
  unpaid: { label: 'Unpaid', tone: 'refused' },
  paused: { label: 'Paused', tone: 'waiting' },
  incomplete: { label: 'Not paid yet', tone: 'waiting' },
  incomplete_expired: { label: 'Never paid', tone: 'plain' },
  canceled: { label: 'Ended', tone: 'plain' },
};

export function Manage({ subscription, plans }: { subscription: Subscription; plans: Schemas['Plan'][] }) {
  const client = useQueryClient();
  const [leaving, leave] = useState(false);
  const resume = useCommand(
    (_: undefined, headers) => answer(api.POST('/billing/resume', { params: { header: headers } })),
    { onSuccess: (resumed) => client.setQueryData(subscriptionQuery.queryKey, resumed) },
  );
  const plan = plans.find(({ id }) => id === subscription.plan);
  const { current_period_end: end, cancel_at_period_end: ends, usage } = subscription;
  const { label, tone } = STATUS[subscription.status];
  return (
    <>
      <PastDue subscription={subscription} />
      <Card className={styles.current}>
        <header className={styles.currentHead}>
          <h2>{plan?.name ?? subscription.plan ?? 'Subscription'}</h2>
          <Badge tone={ends ? 'waiting' : tone}>{ends ? 'Ends soon' : label}</Badge>
        </header>
        <dl className={styles.facts}>
          {plan !== undefined && (
            <div>
              <dt>Price</dt>
              <dd>
                {money(plan.price.amount, plan.price.currency)} a {plan.price.interval}
              </dd>
            </div>
          )}
          {end !== undefined && (
            <div>
              <dt>{ends ? 'Ends on' : 'Renews on'}</dt>
              <dd>{day(end)}</dd>
            </div>
          )}
          <div>
            <dt>Pictures this period</dt>
            <dd>
              {usage.photos_used} of {usage.photos_limit}
              <progress className={styles.meter} value={usage.photos_used} max={Math.max(1, usage.photos_limit)} aria-label="Pictures used" />
            </dd>
          </div>
        </dl>
        <div className={styles.actions}>
          {ends ? (
            <Button look="main" busy={resume.isPending} onClick={() => resume.mutate(undefined)}>
              Keep my subscription
            </Button>
          ) : (
            <Button onClick={() => leave(true)}>Cancel subscription</Button>
          )}
          <PortalButton>Payment details</PortalButton>
        </div>
        <ErrorNote error={resume.error} />
      </Card>
      <Invoices />
      <CancelDialog open={leaving} end={end} onClose={() => leave(false)} />
    </>
  );
}
