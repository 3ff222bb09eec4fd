import type { ReactNode } from 'react';

import { Button } from './button';
import { Modal } from './modal';
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
  if (!open) return null;
  const close = (
    <Button look="quiet" size="small" onClick={onClose}>
      Close
    </Button>
  );
  return (
    <Modal
      lightly
      onClose={onClose}
      title={title}
      head={close}
      description={description}
      className={`${styles.sheet ?? ''} ${wide ? (styles.wide ?? '') : ''}`}
    >
      <div className={styles.body}>{children}</div>
    </Modal>
  );
}
