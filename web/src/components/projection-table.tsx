import type { ReactNode } from 'react';

import type { Schemas } from '@/api/client';
import { digits, instant, span } from '@/format/ledger';

import { Badge } from './badge';
import { type Column, DataTable } from './data-table';
import styles from './projection-table.module.css';

type Projection = Schemas['Projection'];

const TONES = { running: 'done', retrying: 'waiting', failed: 'refused' } as const;

const columns: Column<Projection>[] = [
  {
    id: 'name',
    header: 'Read model',
    cell: ({ name, version }) => (
      <span className={styles.name}>
        {name} <span className={styles.version}>v{version}</span>
      </span>
    ),
    kind: 'code',
  },
  { id: 'state', header: 'State', cell: (projection) => <State projection={projection} /> },
  { id: 'position', header: 'Position', cell: ({ position }) => digits(position), kind: 'number' },
  { id: 'events', header: 'Events behind', cell: ({ lag_events }) => digits(lag_events), kind: 'number' },
  { id: 'age', header: 'Time behind', cell: ({ lag_seconds }) => span(lag_seconds * 1000), kind: 'number' },
  { id: 'check', header: 'Compared with the log', cell: ({ check }) => <Check check={check ?? null} /> },
];

/** The read models: how far each one has followed the log, whether it goes on, and what the last comparison found. */
export function ProjectionTable({ projections, order }: {
  projections: Projection[];
  /** Orders a rebuild; stands where none is under way. */
  order?: (projection: Projection) => ReactNode;
}) {
  const rebuild: Column<Projection> = {
    id: 'rebuild',
    header: 'Rebuild',
    cell: (projection) =>
      projection.rebuild === undefined || projection.rebuild === null ? (
        (order?.(projection) ?? <span className={styles.never}>None under way</span>)
      ) : (
        <RebuildProgress name={projection.name} rebuild={projection.rebuild} />
      ),
  };
  return (
    <DataTable caption="Read models" columns={[...columns, rebuild]} rows={projections} keyOf={({ name }) => name} />
  );
}

function State({ projection }: { projection: Projection }) {
  const { state, error, failed_position } = projection;
  return (
    <>
      <Badge tone={TONES[state]}>{state}</Badge>
      {error !== undefined && error !== null && (
        <p className={styles.error}>
          {failed_position === undefined || failed_position === null ? '' : `At ${digits(failed_position)}: `}
          {error}
        </p>
      )}
    </>
  );
}

function Check({ check }: { check: Schemas['ProjectionCheck'] | null }) {
  if (check === null) return <span className={styles.never}>Never yet</span>;
  const differ = check.rows_different > 0;
  return (
    <>
      <Badge tone={differ ? 'refused' : 'done'}>
        {differ ? `${digits(check.rows_different)} of ${digits(check.rows)} rows differ` : `All ${digits(check.rows)} rows agree`}
      </Badge>
      <p className={styles.when}>
        {instant(check.checked_at)}, at {digits(check.position)}
      </p>
    </>
  );
}

/** How far the new tables of one are filled. */
function RebuildProgress({ name, rebuild }: { name: string; rebuild: Schemas['ProjectionRebuild'] }) {
  return (
    <div className={styles.rebuild}>
      <progress max={100} value={rebuild.percent} aria-label={`Rebuild of ${name}`} className={styles.progress} />
      <p className={styles.when}>
        {rebuild.percent} %, {digits(rebuild.lag_events)} events to go
        {rebuild.state === 'running' ? '' : `: ${rebuild.state}`}
      </p>
      {rebuild.error !== undefined && rebuild.error !== null && <p className={styles.error}>{rebuild.error}</p>}
    </div>
  );
}
