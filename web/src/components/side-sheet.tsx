import { Dialog } from 'radix-ui';
import type { ReactNode } from 'react';

import { Button } from './button';
import styles from './side-sheet.module.css';

/** Details of something beside the list that it is from; from below on a phone. Escape and a click outside close it. */
export function SideSheet({ open, onClose, title, description, wide = false, children }: {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What is in it, for those who hear it. */
  description?: string;
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <Dialog.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.veil} />
        <Dialog.Content
          className={`${styles.sheet ?? ''} ${wide ? (styles.wide ?? '') : ''}`}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <header className={styles.head}>
            <Dialog.Title className={styles.title}>{title}</Dialog.Title>
            <Dialog.Close asChild>
              <Button look="quiet" size="small">
                Close
              </Button>
            </Dialog.Close>
          </header>
          {description !== undefined && <Dialog.Description className={styles.description}>{description}</Dialog.Description>}
          <div className={styles.body}>{children}</div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
