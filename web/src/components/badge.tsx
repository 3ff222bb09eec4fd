import type { ReactNode } from 'react';

import styles from './badge.module.css';

/** How something stands, in a word; the colour only underlines it. */
export function Badge({ tone = 'plain', children }: { tone?: 'plain' | 'done' | 'waiting' | 'refused'; children: ReactNode }) {
  return <span className={`${styles.badge ?? ''} ${styles[tone] ?? ''}`}>{children}</span>;
}
