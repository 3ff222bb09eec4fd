import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { offeredQuery } from '@/api/offered';
import { Button } from '@/components/button';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';

import styles from './events.module.css';

/** What auditors are promised of the log, and whether this server has it. */
const PROMISED = [
  { path: '/audit/events', what: 'The timeline', shows: 'every event, filtered by kind, person, command and time' },
  { path: '/audit/events/{position}', what: 'One event', shows: 'its metadata, and what it changed: the state before and after' },
  { path: '/audit/aggregates/{type}/{id}/state', what: 'As of then', shows: 'how anything stood at any position or time' },
  { path: '/audit/checkpoint', what: 'The checkpoint', shows: 'how long the log is, and the signed root over all of it' },
  { path: '/audit/proofs/inclusion', what: 'Proofs', shows: 'that an event is in the log, and that the log only ever grew' },
] as const;

export function Events() {
  const offered = useQuery(offeredQuery);
  if (offered.error !== null) return <ErrorState error={offered.error} again={() => void offered.refetch()} />;
  if (offered.data === undefined) return <ListSkeleton what="One moment" rows={5} />;
  const has = (path: string) => offered.data.includes(path);
  return (
    <div className={styles.columns}>
      {PROMISED.some(({ path }) => has(path)) ? (
        <EmptyState
          title="This server offers more than this page shows"
          action={
            <Button asChild>
              <a href="/docs">Read it through the API</a>
            </Button>
          }
        >
          It is newer than the client that it serves. What is marked as offered can be asked for over HTTP.
        </EmptyState>
      ) : (
        <EmptyState
          title="The event log cannot be read here yet"
          action={
            <Button asChild look="main">
              <Link to="?view=proof">Check a proof</Link>
            </Button>
          }
        >
          This server does not offer its events to auditors yet. What it does offer: how far each read model agrees with
          the log. And a proof that you were given can be checked here, without asking the server.
        </EmptyState>
      )}
      <section aria-labelledby="promised" className={styles.promised}>
        <h2 id="promised">What belongs here</h2>
        <dl>
          {PROMISED.map(({ path, what, shows }) => (
            <div key={path}>
              <dt>{what}</dt>
              <dd>
                {shows}
                <span className={styles.path}>
                  <code>GET {path}</code> {has(path) ? 'offered' : 'not offered yet'}
                </span>
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
