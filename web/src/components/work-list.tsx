import type { ReactNode } from 'react';

import styles from './work-list.module.css';
import { Loading, Skeleton } from './skeleton';

/** Things that may need somebody, one below the other. */
export function WorkList({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className={styles.list} aria-label={label}>
      {children}
    </ul>
  );
}

/** One of them: what it is, what is known of it, and what can be done. */
export function WorkItem({ title, badge, facts, actions, children }: {
  title: ReactNode;
  badge?: ReactNode;
  /** Small print, each with its name. */
  facts: readonly (readonly [name: string, value: ReactNode])[];
  actions?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <li className={styles.item}>
      <div className={styles.about}>
        <p className={styles.head}>
          <span className={styles.title}>{title}</span>
          {badge}
        </p>
        {children}
        <dl className={styles.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </li>
  );
}

/** A list that is on its way. */
export function ListSkeleton({ what, rows = 3 }: { what: string; rows?: number }) {
  return (
    <>
      <Loading what={what} />
      <div className={styles.list}>
        {Array.from({ length: rows }, (_, row) => (
          <div key={row} className={styles.item}>
            <div className={styles.about}>
              <Skeleton width="min(16rem, 60%)" />
              <Skeleton width="min(32rem, 90%)" height="0.875em" />
            </div>
          </div>
        ))}
      </div>
    </>
  );
}
