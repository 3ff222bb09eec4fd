import type { Subscription } from '@/api/client';
import { day } from '@/format/format';

import { Banner } from './banner';
import { PortalButton } from './paywall';

/** That the last payment did not go through, and how to mend it; nothing while all is paid. */
export function PastDue({ subscription: { status, open, grace_until } }: { subscription: Subscription }) {
  if (status !== 'past_due' && status !== 'unpaid') return null;
  return (
    <Banner
      tone="waiting"
      title="Your last payment did not go through"
      action={<PortalButton look="main">Mend the payment</PortalButton>}
    >
      {open && grace_until !== undefined
        ? `Everything stays open until ${day(grace_until)}.`
        : 'Everything opens again as soon as it is paid.'}
    </Banner>
  );
}
