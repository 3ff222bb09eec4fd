import { Button } from './button';
import styles from './seen-at.module.css';

/** When something was looked at that does not follow along by itself, and a way to look again. */
export function SeenAt({ at, busy, again }: {
  /** In milliseconds since 1970; 0 before the first look. */
  at: number;
  busy: boolean;
  again: () => void;
}) {
  return (
    <div className={styles.seen}>
      <p role="status">
        {at === 0 ? '' : `As of ${new Date(at).toISOString().slice(11, 19)} UTC.`} Each look is on record.
      </p>
      <Button size="small" busy={busy} onClick={again}>
        Look again
      </Button>
    </div>
  );
}
