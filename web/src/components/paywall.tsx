import { Link } from 'react-router';

import { answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { RequestFailed } from '@/api/problem';

import { Banner } from './banner';
import { Button } from './button';
import { ErrorNote } from './states';

/** Whether the request was refused because of the subscription. */
export function isPaywall(error: unknown): error is RequestFailed {
  return error instanceof RequestFailed && error.status === 402;
}

/** Why the gate is closed, and the way through it. */
export function Paywall({ error, companion }: { error: RequestFailed; companion: string }) {
  if (error.code === 'photo-quota-exhausted') {
    return (
      <Banner tone="waiting" title="This period's pictures are used up">
        New ones come with the next period. Until then you have all those that {companion} sent you.
      </Banner>
    );
  }
  if (error.code === 'subscription-required') {
    return (
      <Banner
        tone="waiting"
        title={`${companion} would love to write to you`}
        action={
          <Button asChild look="main">
            <Link to="/subscribe">Subscribe</Link>
          </Button>
        }
      >
        Letters and pictures come with a subscription. You can end it at any time.
      </Banner>
    );
  }
  return <PaymentTrouble error={error} />;
}

function PaymentTrouble({ error }: { error: RequestFailed }) {
  const titles: Partial<Record<string, string>> = {
    'payment-past-due': 'Your last payment did not go through',
    'payment-incomplete': 'Your first payment is not complete',
    'subscription-unpaid': 'Your subscription is unpaid',
    'subscription-paused': 'Your subscription is paused',
  };
  return (
    <Banner
      tone="waiting"
      title={titles[error.code] ?? error.title}
      action={
        error.problem?.portal_available === true ? (
          <PortalButton look="main">Mend the payment</PortalButton>
        ) : (
          <Button asChild look="main">
            <Link to="/subscribe">See your subscription</Link>
          </Button>
        )
      }
    >
      Nothing is lost. As soon as it is paid, everything goes on where it stopped.
    </Banner>
  );
}

/** Opens the payment provider's own page. */
export function PortalButton({ children, look = 'plain' }: { children: string; look?: 'main' | 'plain' }) {
  const open = useCommand((_: undefined, headers) => answer(api.POST('/billing/portal', { params: { header: headers } })), {
    onSuccess: ({ portal_url }) => window.location.assign(portal_url),
  });
  return (
    <>
      <Button look={look} busy={open.isPending || open.isSuccess} onClick={() => open.mutate()}>
        {children}
      </Button>
      <ErrorNote error={open.error} />
    </>
  );
}
