import { useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { Link, useSearchParams } from 'react-router';

import { Button } from '@/components/button';
import { TextField } from '@/components/field';
import { SeenAt } from '@/components/seen-at';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';
import { digits } from '@/format/ledger';

import { Graph } from './graph';
import { DRAWN, followedQuery } from './log';
import styles from './causes.module.css';

/** What followed from a command, as a graph from the command to its last effect. */
export function Causes() {
  const [parameters, setParameters] = useSearchParams();
  const correlation = parameters.get('correlation') ?? '';
  const [typed, setTyped] = useState(correlation);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setParameters({ view: 'causes', ...(typed.trim() === '' ? {} : { correlation: typed.trim() }) });
  };
  return (
    <>
      <form onSubmit={submit} role="search" aria-label="A command" className={styles.which}>
        <TextField
          label="Correlation id"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          placeholder="0199f0c0-0000-7000-8000-000000000001"
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit">Draw it</Button>
      </form>
      {correlation === '' ? (
        <EmptyState
          title="What do you want to follow?"
          action={
            <Button asChild>
              <Link to="?">Find an event</Link>
            </Button>
          }
        >
          Every event leads here, to the command that it goes back to: from a wish, say, to the delivered picture.
        </EmptyState>
      ) : (
        <Followed key={correlation} correlation={correlation} />
      )}
    </>
  );
}

function Followed({ correlation }: { correlation: string }) {
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery(followedQuery(correlation));
  if (data === undefined) {
    if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
    return <ListSkeleton what="The events are on their way" rows={3} />;
  }
  const { events, more } = data;
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching} again={() => void refetch()} />
      {events.length === 0 ? (
        <EmptyState title="Nothing followed from it">Check the id: an event shows it in its metadata, as correlation_id.</EmptyState>
      ) : (
        <Graph events={events} />
      )}
      {more && <p>These are the first {digits(DRAWN)}; there are more.</p>}
    </>
  );
}
