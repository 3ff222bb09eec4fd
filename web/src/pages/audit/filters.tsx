import { type SyntheticEvent, useState } from 'react';

import { Button } from '@/components/button';
import { SelectField, TextField } from '@/components/field';

import { AGGREGATES } from './aggregates';
import { type Filter, faults } from './filter';
import styles from './filters.module.css';

/** Which events to show. They are asked for when the form is sent, since each look is on record. */
export function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const [typed, setTyped] = useState(filter);
  const [wrong, setWrong] = useState<ReturnType<typeof faults>>({});
  const rare = typed.aggregate_id !== '' || typed.correlation_id !== '' || typed.from !== '' || typed.to !== '';
  const field = (name: keyof Filter) => ({
    value: typed[name],
    onChange: (event: { target: { value: string } }) => setTyped((before) => ({ ...before, [name]: event.target.value })),
    error: wrong[name],
    autoComplete: 'off',
    spellCheck: false,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const found = faults(typed);
    setWrong(found);
    if (Object.keys(found).length === 0) onChange(typed);
  };
  const clear = () => {
    const nothing = Object.fromEntries(Object.keys(typed).map((name) => [name, ''])) as unknown as Filter;
    setTyped(nothing);
    setWrong({});
    onChange(nothing);
  };
  return (
    <form onSubmit={submit} noValidate role="search" aria-label="Events" className={styles.filters}>
      <div className={styles.often}>
        <TextField label="After position" inputMode="numeric" placeholder="0" {...field('after')} />
        <SelectField label="Happened to" {...field('aggregate_type')}>
          <option value="">Anything</option>
          {AGGREGATES.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </SelectField>
        <TextField label="Event" placeholder="PhotoDelivered" {...field('event_type')} />
        <TextField label="Actor" placeholder="user:0199f0c0-…" {...field('actor')} />
        <SelectField label="First" {...field('order')}>
          <option value="">Oldest</option>
          <option value="desc">Newest</option>
        </SelectField>
      </div>
      <div className={styles.below}>
        <details open={rare || undefined} className={styles.more}>
          <summary>By time, thing or command</summary>
          <div className={styles.seldom}>
            <TextField label="From (UTC)" type="datetime-local" {...field('from')} />
            <TextField label="To (UTC)" type="datetime-local" {...field('to')} />
            <TextField label="Id of the thing" {...field('aggregate_id')} />
            <TextField label="Correlation id of the command" {...field('correlation_id')} />
          </div>
        </details>
        <div className={styles.acts}>
          <Button look="main" size="small" type="submit">
            Show these
          </Button>
          <Button look="quiet" size="small" onClick={clear}>
            Clear the filters
          </Button>
        </div>
      </div>
    </form>
  );
}
