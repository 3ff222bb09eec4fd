import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { Button } from '@/components/button';
import { Offered } from '@/components/offered';
import { SideSheet } from '@/components/side-sheet';
import { Loading, Skeleton } from '@/components/skeleton';
import { EmptyState, ErrorState } from '@/components/states';
import { digits, instant } from '@/format/ledger';

import { Changes } from './changes';
import type { Change } from './difference';
import { type EventDetail, eventQuery, isNotFound } from './log';
import styles from './event-sheet.module.css';

/** One event: who, what, and what it changed. */
export function EventSheet({ position, onClose }: { position: number; onClose: () => void }) {
  return (
    <SideSheet wide open onClose={onClose} title={`Event ${digits(position)}`} description="That you looked at it is on record.">
      <Offered
        path="/audit/events/{position}"
        what="One event"
        missing="It would show who caused it, and the state before and after it as a comparison."
      >
        <One position={position} />
      </Offered>
    </SideSheet>
  );
}

function One({ position }: { position: number }) {
  const { data, error, refetch } = useQuery(eventQuery(position));
  if (data === undefined) {
    if (isNotFound(error)) return <EmptyState title="The log does not go that far">Its positions begin at 1, and have no gaps.</EmptyState>;
    if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
    return (
      <>
        <Loading what="The event is on its way" />
        <Skeleton height="2em" width="60%" />
        <Skeleton height="10em" />
      </>
    );
  }
  const { event_type, aggregate_type, changes, state_error, payload, metadata } = data;
  return (
    <>
      <header className={styles.head}>
        <h3>{event_type}</h3>
        <Facts event={data} />
      </header>
      <Ways event={data} />
      <section className={styles.section}>
        <h3>What it changed</h3>
        {state_error === undefined ? (
          <Changes caption={`What ${event_type} changed in the ${aggregate_type}`} changes={changes as Change[]} />
        ) : (
          <p>This version of the server cannot read the history of it: {state_error}</p>
        )}
      </section>
      <section className={styles.section}>
        <h3>As it is stored</h3>
        <Raw name="Payload" value={payload} />
        <Raw name="Metadata" value={metadata} />
      </section>
    </>
  );
}

function Facts({ event }: { event: EventDetail }) {
  const { recorded_at, aggregate_type, aggregate_id, sequence, event_version, metadata, event_id } = event;
  const facts: [name: string, value: string][] = [
    ['Recorded', `${instant(recorded_at)} UTC`],
    ['Happened to', `${aggregate_type} ${aggregate_id}`],
    ['There', `number ${digits(sequence)}, in version ${event_version}`],
    ['Caused by', metadata.actor],
    ['Command', metadata.command],
    ['Event id', event_id],
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** From here to what else there is to know about it. */
function Ways({ event: { position, aggregate_type, aggregate_id, metadata } }: { event: EventDetail }) {
  const ways = [
    ['How it stood then', { view: 'as-of', type: aggregate_type, id: aggregate_id, at: position }],
    ['What followed from the command', { view: 'causes', correlation: metadata.correlation_id }],
    ['Prove that it is in the log', { view: 'checkpoint', position }],
  ] as const;
  return (
    <nav aria-label="From this event" className={styles.ways}>
      {ways.map(([label, parameters]) => (
        <Button key={label} asChild size="small">
          <Link to={`?${new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)])).toString()}`}>
            {label}
          </Link>
        </Button>
      ))}
    </nav>
  );
}

function Raw({ name, value }: { name: string; value: unknown }) {
  return (
    <details className={styles.raw}>
      <summary>{name}</summary>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}
