import { useRouteError } from 'react-router';

import { Button } from '@/components/button';
import { Page } from '@/components/page';
import { EmptyState } from '@/components/states';

/** A page that broke, or whose files are gone because a newer version was installed. */
export function Broken() {
  const error = useRouteError();
  console.error('The page broke', error);
  return (
    <Page title="Something went wrong" heading={null}>
      <EmptyState
        alone
        title="This page could not be shown"
        action={
          <Button look="main" onClick={() => window.location.reload()}>
            Load it again
          </Button>
        }
      >
        Perhaps a new version was installed a moment ago. What you did is safe.
      </EmptyState>
    </Page>
  );
}
