import { useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { useSearchParams } from 'react-router';

import type { Schemas } from '@/api/client';
import { RequestFailed } from '@/api/problem';
import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { TextField } from '@/components/field';
import { SeenAt } from '@/components/seen-at';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';
import { digits, instant } from '@/format/ledger';

import { ErasePerson } from './erase-person';
import { personQuery } from './queries';
import styles from './people.module.css';

/** How somebody’s account stands, without their words and pictures. */
export function People() {
  const [parameters, setParameters] = useSearchParams();
  const id = parameters.get('id') ?? '';
  const [typed, setTyped] = useState(id);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setParameters({ view: 'people', ...(typed.trim() === '' ? {} : { id: typed.trim() }) });
  };
  return (
    <>
      <form onSubmit={submit} role="search" aria-label="People" className={styles.search}>
        <TextField
          label="Id of the person"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          placeholder="0199f0c0-0000-7000-8000-000000000002"
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit">Look</Button>
      </form>
      {id === '' ? (
        <EmptyState title="Whom do you want to look up?">
          Ids stand beside every photo and report, and lead here. That you looked is on record.
        </EmptyState>
      ) : (
        <Account key={id} id={id} />
      )}
    </>
  );
}

function Account({ id }: { id: string }) {
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery(personQuery(id));
  if (data === undefined) {
    if (error instanceof RequestFailed && error.code === 'user-not-found') {
      return <EmptyState title="Nothing is known of this person">Check the id: it has five parts with hyphens between them.</EmptyState>;
    }
    if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
    return <ListSkeleton what="The account is on its way" rows={3} />;
  }
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching} again={() => void refetch()} />
      <div className={styles.sheet}>
        <Section title="Companion" facts={companion(data)} />
        <Section title="Subscription" facts={subscription(data.subscription ?? null)} />
        <Section
          title="Photos"
          facts={data.photos.map(({ status, count }) => [status, digits(count)])}
          none="They have never asked for one."
        />
        <Section title="Conduct" facts={conduct(data)} badge={data.conduct.flagged ? <Badge tone="waiting">flagged</Badge> : undefined} />
      </div>
      <ErasePerson id={id} />
    </>
  );
}

type Facts = [name: string, value: string][];

function Section({ title, facts, none, badge }: { title: string; facts: Facts; none?: string; badge?: React.ReactNode }) {
  return (
    <section aria-label={title} className={styles.section}>
      <h2>
        {title} {badge}
      </h2>
      {facts.length === 0 ? (
        <p className={styles.none}>{none}</p>
      ) : (
        <dl>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function companion({ id, avatar_created_at }: Schemas['UserAccount']): Facts {
  return [
    ['Person', id],
    ['Designed', avatar_created_at === undefined || avatar_created_at === null ? 'not yet' : instant(avatar_created_at)],
  ];
}

function subscription(account: Schemas['AccountSubscription'] | null): Facts {
  if (account === null) return [['State', 'never paid']];
  const { status, plan, customer_id, current_period_end, photos_used, photos_limit } = account;
  return [
    ['State', status?.replaceAll('_', ' ') ?? 'not confirmed yet'],
    ['Plan', plan ?? 'none'],
    ['Paid until', current_period_end === undefined || current_period_end === null ? 'unknown' : instant(current_period_end)],
    ['Photos used', `${digits(photos_used)} of ${digits(photos_limit)}`],
    ['Customer', customer_id ?? 'none'],
  ];
}

function conduct({ conduct: { refusals, hard_refusals, cooling_down_until }, reports }: Schemas['UserAccount']): Facts {
  return [
    ['Reports filed', digits(reports)],
    ['Wishes refused', digits(refusals)],
    ['Of these grave', digits(hard_refusals)],
    ['Pause until', cooling_down_until === undefined || cooling_down_until === null ? 'none' : instant(cooling_down_until)],
  ];
}
