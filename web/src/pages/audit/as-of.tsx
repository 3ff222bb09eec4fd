import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useEffect, useState } from 'react';
import { Link, useSearchParams } from 'react-router';

import { Button } from '@/components/button';
import { SelectField, TextField } from '@/components/field';
import { Skeleton } from '@/components/skeleton';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';
import { digits, instant } from '@/format/ledger';

import { AGGREGATES } from './aggregates';
import { Changes } from './changes';
import { type Json, stateDifference } from './difference';
import { type LogEvent, historyQuery, isNotFound, stateQuery } from './log';
import styles from './as-of.module.css';

/** How one thing stood after each of its events. */
export function AsOf() {
  const [parameters, setParameters] = useSearchParams();
  const type = parameters.get('type') ?? '';
  const id = parameters.get('id') ?? '';
  return (
    <>
      <Which key={`${type} ${id}`} type={type} id={id} onChange={(type, id) => setParameters({ view: 'as-of', type, id })} />
      {type === '' || id === '' ? (
        <EmptyState
          title="What do you want to see as it was?"
          action={
            <Button asChild>
              <Link to="?">Find an event</Link>
            </Button>
          }
        >
          Every event leads here, to the history of what it happened to. An avatar, a conduct and a subscription have the id
          of their person, a photo request that of its photo.
        </EmptyState>
      ) : (
        <History key={`${type} ${id}`} type={type} id={id} at={Number(parameters.get('at') ?? Infinity)} />
      )}
    </>
  );
}

function Which({ type, id, onChange }: { type: string; id: string; onChange: (type: string, id: string) => void }) {
  const [typed, setTyped] = useState({ type: type === '' ? 'Avatar' : type, id });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (typed.id.trim() !== '') onChange(typed.type, typed.id.trim());
  };
  return (
    <form onSubmit={submit} role="search" aria-label="A thing" className={styles.which}>
      <SelectField label="Kind" value={typed.type} onChange={(event) => setTyped({ ...typed, type: event.target.value })}>
        {AGGREGATES.map((type) => (
          <option key={type}>{type}</option>
        ))}
      </SelectField>
      <TextField
        label="Id"
        value={typed.id}
        onChange={(event) => setTyped({ ...typed, id: event.target.value })}
        autoComplete="off"
        spellCheck={false}
      />
      <Button type="submit">Show its history</Button>
    </form>
  );
}

function History({ type, id, at }: { type: string; id: string; at: number }) {
  const query = useInfiniteQuery(historyQuery(type, id));
  const { data, error, hasNextPage, isFetchingNextPage } = query;
  if (data === undefined) {
    if (isNotFound(error)) {
      return <EmptyState title="Nothing has ever happened to it">Check the kind and the id: both have to fit together.</EmptyState>;
    }
    if (error !== null) return <ErrorState error={error} again={() => void query.refetch()} />;
    return <ListSkeleton what="The history is on its way" rows={2} />;
  }
  const events = data.pages.flatMap(({ items }) => items);
  return (
    <>
      <Slider type={type} id={id} events={events} at={at} />
      {hasNextPage && (
        <div>
          <Button busy={isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Later events
          </Button>
        </div>
      )}
    </>
  );
}

/** Asking is on record, so it is asked when the slider rests. */
const REST_MS = 300;

function Slider({ type, id, events, at }: { type: string; id: string; events: LogEvent[]; at: number }) {
  const after = events.findIndex(({ position }) => position > at);
  const [index, setIndex] = useState(after === -1 ? events.length - 1 : Math.max(0, after - 1));
  const rested = useRested(index, REST_MS);
  const shown = events[Math.min(index, events.length - 1)];
  const asked = events[Math.min(rested, events.length - 1)];
  if (shown === undefined || asked === undefined) return null;
  const told = `After ${digits(index + 1)} of ${digits(events.length)}: ${shown.event_type}`;
  return (
    <section aria-label="As of then" className={styles.then}>
      <div className={styles.slider}>
        <label htmlFor="as-of">As of</label>
        <input
          id="as-of"
          type="range"
          min={0}
          max={events.length - 1}
          value={index}
          aria-valuetext={told}
          onChange={(event) => setIndex(Number(event.target.value))}
        />
        <p className={styles.moment}>
          <b>{told}</b>
          <span>
            Position {digits(shown.position)}, {instant(shown.recorded_at)} UTC
          </span>
        </p>
      </div>
      <States type={type} id={id} event={asked} before={events[Math.min(rested, events.length - 1) - 1]} />
    </section>
  );
}

/** The state after one event, and what that event changed of the state after the one before. */
function States({ type, id, event, before }: { type: string; id: string; event: LogEvent; before: LogEvent | undefined }) {
  const now = useQuery(stateQuery(type, id, event.position));
  const earlier = useQuery({ ...stateQuery(type, id, before?.position ?? 0), enabled: before !== undefined });
  const error = now.error ?? earlier.error;
  if (error !== null) return <ErrorState error={error} again={() => void (now.error === null ? earlier : now).refetch()} />;
  if (now.data === undefined || (before !== undefined && earlier.data === undefined)) return <Skeleton height="14em" />;
  return (
    <div className={styles.states}>
      <section className={styles.state}>
        <h2>The {type} then</h2>
        <pre>{JSON.stringify(now.data.state, null, 2)}</pre>
      </section>
      <section className={styles.state}>
        <h2>What {event.event_type} changed</h2>
        <Changes
          caption={`What ${event.event_type} changed`}
          changes={stateDifference(earlier.data?.state as Json | undefined, now.data.state as Json)}
        />
        <p>
          <Link to={`?event=${event.position}`}>The event itself</Link>
        </p>
      </section>
    </div>
  );
}

/** The value, once it has not changed for so long. */
function useRested<Value>(value: Value, ms: number): Value {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
