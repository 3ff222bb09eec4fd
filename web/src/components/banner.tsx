import type { ReactNode } from 'react';

import styles from './banner.module.css';

/** Something to know, with what can be done about it. `waiting`: amber, as the paywall. */
export function Banner({ tone, title, children, action }: {
  tone: 'waiting' | 'done' | 'refused';
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <section className={`${styles.banner ?? ''} ${styles[tone] ?? ''}`} aria-label={title}>
      <div className={styles.words}>
        <p className={styles.title}>{title}</p>
        {children !== undefined && <p>{children}</p>}
      </div>
      {action !== undefined && <div className={styles.action}>{action}</div>}
    </section>
  );
}
