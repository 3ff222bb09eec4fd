import type { HTMLAttributes, ReactNode } from 'react';

import styles from './card.module.css';

/** A sheet of paper with a hairline around it. */
export function Card({ children, className, ...rest }: HTMLAttributes<HTMLDivElement> & { children: ReactNode }) {
  return (
    <div {...rest} className={`${styles.card ?? ''} ${className ?? ''}`}>
      {children}
    </div>
  );
}
