import { useQuery } from '@tanstack/react-query';

import { offeredQuery } from '@/api/offered';
import { Button } from '@/components/button';
import { Skeleton } from '@/components/skeleton';
import { ErrorNote } from '@/components/states';

import styles from './account.module.css';

/** Taking one's data along, and being erased: absent as long as the server offers neither. */
export function YourData() {
  const { data: offered, error } = useQuery(offeredQuery);
  const ways = ['/me/export', '/me'].filter((path) => offered?.includes(path) === true);
  return (
    <section className={styles.section}>
      <h2>Your data</h2>
      {offered === undefined && error === null && <Skeleton width="60%" />}
      <ErrorNote error={error} />
      {offered !== undefined && ways.length === 0 && (
        <p className={styles.muted}>
          Taking all your data with you, and having yourself erased, are not offered by this server yet. Until they are, write
          to whoever runs this system: they can do both for you.
        </p>
      )}
      {ways.length > 0 && (
        <>
          <p className={styles.muted}>
            This server is newer than its client: it offers {ways.map((path) => `“${path}”`).join(' and ')} over its API, where you
            can take your data with you or have yourself erased.
          </p>
          <Button asChild>
            <a href="/docs">Do it through the API</a>
          </Button>
        </>
      )}
    </section>
  );
}
