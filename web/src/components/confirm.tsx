import type { ReactNode } from 'react';

import { Button } from './button';
import { Modal } from './modal';
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
  if (!open) return null;
  return (
    <Modal alert onClose={onClose} title={title} className={styles.dialog}>
      <div className={styles.body}>{children}</div>
      <div className={styles.choices}>
        <Button onClick={onClose}>{keep}</Button>
        {act}
      </div>
    </Modal>
  );
}
