import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { avatarQuery, subscriptionQuery } from '@/api/queries';
import { Button } from '@/components/button';
import { Page } from '@/components/page';
import { Segmented } from '@/components/segmented';
import { Skeleton } from '@/components/skeleton';
import { ErrorNote } from '@/components/states';
import { day } from '@/format/format';
import { session } from '@/session/session';
import { useUser } from '@/session/use-session';
import { type Theme, chooseTheme, useTheme } from '@/theme/theme';

import { Companion } from './companion';
import { YourData } from './your-data';
import styles from './account.module.css';

const THEMES: { value: Theme; label: string }[] = [
  { value: 'system', label: 'As my device' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function Component() {
  const user = useUser();
  const theme = useTheme();
  const avatar = useQuery(avatarQuery);
  const signOut = () => {
    session.signOut();
    // Anew, so that nothing of the person stays in memory.
    window.location.replace('/sign-in');
  };
  return (
    <Page title="Account">
      <section className={styles.section}>
        <h2>You</h2>
        <p>{user.email ?? 'Signed in'}</p>
        {user.roles.length > 0 && <p className={styles.muted}>Also: {user.roles.join(', ')}</p>}
        <Button onClick={signOut}>Sign out</Button>
      </section>
      {avatar.data ? <Companion avatar={avatar.data} /> : null}
      <Paid />
      <section className={styles.section}>
        <h2>Appearance</h2>
        <Segmented label="Theme" options={THEMES} value={theme} onChange={chooseTheme} />
      </section>
      <YourData />
    </Page>
  );
}

function Paid() {
  const { data, error } = useQuery(subscriptionQuery);
  return (
    <section className={styles.section}>
      <h2>Subscription</h2>
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {data === undefined && error === null && <Skeleton width="60%" />}
      {data !== undefined && (
        <p>
          {data.open
            ? `Open${data.current_period_end === undefined ? '' : `, ${data.cancel_at_period_end ? 'until' : 'renewed on'} ${day(data.current_period_end)}`}.`
            : 'None at the moment.'}
        </p>
      )}
      <Button asChild>
        <Link to="/subscribe">{data?.open === true ? 'Manage subscription' : 'See plans'}</Link>
      </Button>
    </section>
  );
}
