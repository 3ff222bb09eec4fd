import { type Schemas, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { Button } from '@/components/button';
import { Card } from '@/components/card';
import { EmptyState, ErrorNote } from '@/components/states';
import { count, money } from '@/format/format';

import styles from './subscribe.module.css';

type Plan = Schemas['Plan'];

/** What can be had, in plain words; the payment provider's own page takes the money. */
export function Plans({ plans, name, waiting }: { plans: Plan[]; name: string; waiting: boolean }) {
  const checkout = useCommand(
    (plan: string, headers) => answer(api.POST('/billing/checkout', { body: { plan }, params: { header: headers } })),
    { onSuccess: ({ checkout_url }) => window.location.assign(checkout_url) },
  );
  if (plans.length === 0) {
    return <EmptyState title="Nothing can be subscribed to at the moment">Please come back a little later.</EmptyState>;
  }
  return (
    <>
      <ErrorNote error={checkout.error} />
      <ul className={styles.plans}>
        {plans.map((plan) => (
          <li key={plan.id}>
            <Card className={styles.plan}>
              <h2>{plan.name}</h2>
              <p className={styles.price}>
                {money(plan.price.amount, plan.price.currency)} <span>a {plan.price.interval}</span>
              </p>
              <ul className={styles.contents}>
                <li>Letters with {name}, as many as you like</li>
                <li>
                  {count(plan.photos_per_period, 'picture')} every {plan.price.interval}
                </li>
                <li>Every picture is yours to keep</li>
                {plan.trial_days > 0 && <li>The first {count(plan.trial_days, 'day')} are free</li>}
              </ul>
              <Button
                look="main"
                disabled={waiting}
                busy={(checkout.isPending || checkout.isSuccess) && checkout.variables === plan.id}
                onClick={() => checkout.mutate(plan.id)}
              >
                Subscribe
              </Button>
            </Card>
          </li>
        ))}
      </ul>
      <p className={styles.small}>You pay on the payment provider’s page. We never see your card.</p>
    </>
  );
}
