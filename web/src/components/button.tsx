import { Slot } from 'radix-ui';
import type { ButtonHTMLAttributes, ReactNode } from 'react';

import styles from './button.module.css';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `main`: the one thing to do here. `plain`: an outline. `quiet`: words only. `danger`: takes something away. */
  look?: 'main' | 'plain' | 'quiet' | 'danger';
  size?: 'normal' | 'small';
  /** It is being done: the button stays in place, says so, and takes no second press. */
  busy?: boolean;
  /** Renders its only child, as a link, in this look. */
  asChild?: boolean;
  children: ReactNode;
}

export function Button({ look = 'plain', size = 'normal', busy = false, asChild = false, className, onClick, ...rest }: Props) {
  const Tag = asChild ? Slot.Root : 'button';
  const classes = [styles.button, styles[look], size === 'small' ? styles.small : '', className ?? ''].join(' ');
  return (
    <Tag
      {...(asChild ? {} : { type: 'button' as const })}
      {...rest}
      className={classes}
      aria-disabled={busy || undefined}
      data-busy={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
