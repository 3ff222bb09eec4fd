import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

import styles from './modal.module.css';

/**
 * The browser's own modal dialog: keeps the focus inside, gives it back, and closes with Escape and, where `lightly`, by
 * a click outside. It is open as long as it is there.
 */
export function Modal({ onClose, title, head, description, lightly = false, alert = false, className, children }: {
  onClose: () => void;
  title: string;
  /** Stands beside the title. */
  head?: ReactNode;
  description?: string | undefined;
  lightly?: boolean;
  /** It interrupts with a question. */
  alert?: boolean;
  className: string | undefined;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      role={alert ? 'alertdialog' : undefined}
      aria-labelledby={`${id}-title`}
      aria-describedby={description === undefined ? undefined : `${id}-description`}
      className={`${styles.modal ?? ''} ${className ?? ''}`}
      onClose={() => {
        // The event comes late: by then it may be open again.
        if (dialog.current?.open === false) onClose();
      }}
      {...(lightly ? { closedby: 'any' } : {})}
    >
      <header className={styles.head}>
        <h2 id={`${id}-title`} className={styles.title}>
          {title}
        </h2>
        {head}
      </header>
      {description !== undefined && (
        <p id={`${id}-description`} className={styles.description}>
          {description}
        </p>
      )}
      {children}
    </dialog>
  );
}
