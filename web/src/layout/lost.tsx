import { Link } from 'react-router';

import { Button } from '@/components/button';
import { Page } from '@/components/page';
import { EmptyState } from '@/components/states';

/** There is no such page, or it is not for this person. */
export function Lost({ role }: { role?: 'auditor' | 'operator' }) {
  const home = (
    <Button asChild look="main">
      <Link to="/">Go to the start</Link>
    </Button>
  );
  return (
    <Page title={role === undefined ? 'Not found' : 'Not for you'} heading={null}>
      {role === undefined ? (
        <EmptyState alone title="This page does not exist" action={home}>
          The letter must have gone astray. Check the address, or begin at the start.
        </EmptyState>
      ) : (
        <EmptyState alone title={`This page is for ${role}s`} action={home}>
          You are signed in without that role. Ask whoever runs this system for it, and sign in again.
        </EmptyState>
      )}
    </Page>
  );
}
