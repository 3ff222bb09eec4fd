import type { Schemas } from '@/api/client';
import { digits, span } from '@/format/ledger';

import { Bars } from './bars';
import { Columns } from './columns';
import { lastDay } from './hours';
import styles from './figures.module.css';

/** Key figures: each as a small chart whose numbers can be read, too. */
export function Figures({ figures }: { figures: Schemas['Figures'] }) {
  const { queue, webhooks, log_position, lag } = figures;
  return (
    <>
      <dl className={styles.numbers}>
        <Number name="Events in the log" value={digits(log_position)} />
        <Number name="Photos still to be made" value={digits(queue.depth)} note={`${digits(queue.due)} due now`} />
        <Number name="Payment messages waiting" value={digits(webhooks.waiting)} note={`${digits(webhooks.done)} done in 24 h`} />
      </dl>
      <Columns title="Pictures delivered, last 24 hours" hours={lastDay(figures.deliveries, figures.measured_at)} />
      <Bars title="Photos" header="State" bars={figures.photos.map(({ status, count }) => ({ name: status, value: count, text: digits(count) }))} none="Nobody has asked for a photo yet." />
      <Bars
        title="Subscriptions"
        header="State"
        bars={figures.subscriptions.map(({ status, count }) => ({ name: status, value: count, text: digits(count) }))}
        none="Nobody has subscribed yet."
      />
      <Bars
        title="Behind the log"
        header="Follower"
        bars={lag.map(({ name, events, seconds }) => ({
          name,
          value: events,
          text: events === 0 ? 'up to date' : `${digits(events)} events, ${span(seconds * 1000)}`,
        }))}
        none="Nothing follows the log yet."
      />
    </>
  );
}

function Number({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </dd>
    </div>
  );
}
