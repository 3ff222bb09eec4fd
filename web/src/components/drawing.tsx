import { type ReactNode, useEffect, useState } from 'react';

import { elapsed } from '@/format/format';

import { Skeleton } from './skeleton';
import styles from './drawing.module.css';

/** The place of a picture that is being made: what is happening, for how long, and how to stop it. */
export function Drawing({ since, attempt, what, ratio = '1 / 1', action }: {
  /** When it was asked for; none while that is not known. */
  since: string | undefined;
  attempt: number;
  /** As `Drawing Ava`. */
  what: string;
  ratio?: string;
  action?: ReactNode;
}) {
  return (
    <div className={styles.place} style={{ aspectRatio: ratio }}>
      <Pencil />
      <p className={styles.words} role="status">
        {what}
        {attempt > 0 ? `, attempt ${attempt}` : ' shortly'}
      </p>
      {since === undefined ? <Skeleton width="3em" /> : <Elapsed since={since} />}
      {action}
    </div>
  );
}

function Elapsed({ since }: { since: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className={styles.elapsed} aria-hidden>
      {elapsed(now - Date.parse(since))}
    </p>
  );
}

/** A line that is being drawn: a head and shoulders. */
function Pencil() {
  return (
    <svg viewBox="0 0 96 96" width="96" height="96" className={styles.pencil} aria-hidden="true">
      <path
        pathLength="100"
        d="M14 88c2-18 14-24 26-26 1-3 1-5 0-8-7-5-10-13-9-22 1-11 8-18 17-18s16 7 17 18c1 9-2 17-9 22-1 3-1 5 0 8 12 2 24 8 26 26"
      />
    </svg>
  );
}
