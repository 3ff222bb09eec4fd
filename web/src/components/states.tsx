import type { ReactNode } from 'react';

import { RequestFailed } from '@/api/problem';

import { Button } from './button';
import styles from './states.module.css';

/** Nothing is here yet: why, and what to do next. */
export function EmptyState({ title, children, action, alone = false }: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** The page has no other heading. */
  alone?: boolean;
}) {
  const Heading = alone ? 'h1' : 'h2';
  return (
    <div className={styles.state}>
      <Heading className={styles.title}>{title}</Heading>
      {children !== undefined && <p>{children}</p>}
      {action !== undefined && <div className={styles.action}>{action}</div>}
    </div>
  );
}

/** Something could not be had: what happened, what to do, and the number to name when asking for help. */
export function ErrorState({ error, again, alone = false }: {
  error: Error;
  again?: () => void;
  /** The page has no other heading. */
  alone?: boolean;
}) {
  const Heading = alone ? 'h1' : 'h2';
  const failed = error instanceof RequestFailed ? error : undefined;
  return (
    <div className={styles.state} role="alert">
      <Heading className={styles.title}>{failed?.title ?? 'Something went wrong'}</Heading>
      <p>{failed === undefined ? 'Load the page again. If that does not help, write to us.' : sentence(failed.message)}</p>
      {again !== undefined && (
        <div className={styles.action}>
          <Button onClick={again}>Try again</Button>
        </div>
      )}
      {failed?.requestId !== undefined && <RequestId id={failed.requestId} />}
    </div>
  );
}

/** The same in one line, beside what failed. */
export function ErrorNote({ error }: { error: Error | null }) {
  if (error === null) return null;
  const failed = error instanceof RequestFailed ? error : undefined;
  return (
    <div className={styles.note} role="alert">
      <p>
        <strong>{failed?.title ?? 'Something went wrong'}.</strong> {sentence(failed?.message ?? 'Please try again.')}
      </p>
      {failed?.requestId !== undefined && <RequestId id={failed.requestId} />}
    </div>
  );
}

function RequestId({ id }: { id: string }) {
  return (
    <p className={styles.request}>
      Request <code>{id}</code>
    </p>
  );
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
