import { AlertDialog } from 'radix-ui';
import type { ReactNode } from 'react';

import { Button } from './button';
import styles from './confirm.module.css';

/** Asks once more before something that cannot be undone. */
export function Confirm({ open, onClose, title, children, keep, act }: {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** What the button says that changes nothing. */
  keep: string;
  act: ReactNode;
}) {
  return (
    <AlertDialog.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={styles.veil} />
        <AlertDialog.Content className={styles.dialog} aria-describedby={undefined}>
          <AlertDialog.Title className={styles.title}>{title}</AlertDialog.Title>
          <div className={styles.body}>{children}</div>
          <div className={styles.choices}>
            <AlertDialog.Cancel asChild>
              <Button>{keep}</Button>
            </AlertDialog.Cancel>
            {act}
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
