import { type ReactNode, useEffect } from 'react';

import styles from './page.module.css';

/** A page: its name in the browser's tab, and its column. `wide` for those who look at much at once. */
export function Page({ title, heading, lead, aside, wide = false, children }: {
  title: string;
  /** What stands on top; the title unless it is given. None when null: then the page has a heading of its own. */
  heading?: ReactNode;
  lead?: ReactNode;
  /** Beside the heading, as a button. */
  aside?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Ava`;
  }, [title]);
  return (
    <main id="main" tabIndex={-1} className={`${styles.page ?? ''} ${wide ? (styles.wide ?? '') : ''}`}>
      {heading !== null && (
        <header className={styles.head}>
          <div className={styles.words}>
            <h1>{heading ?? title}</h1>
            {lead !== undefined && <p className={styles.lead}>{lead}</p>}
          </div>
          {aside}
        </header>
      )}
      {children}
    </main>
  );
}
