import type { CSSProperties } from 'react';

import styles from './skeleton.module.css';

/** The place of something that is on its way, in its final size. */
export function Skeleton({ width = '100%', height = '1em', ratio, round = false }: {
  width?: string;
  height?: string;
  /** Width to height, as `3 / 4`; instead of a height. */
  ratio?: string;
  round?: boolean;
}) {
  const size: CSSProperties = ratio === undefined ? { width, height } : { width, aspectRatio: ratio };
  return <span aria-hidden className={styles.skeleton} style={{ ...size, ...(round ? { borderRadius: '999px' } : {}) }} />;
}

/** Says to those who cannot see the skeletons that something is on its way. */
export function Loading({ what }: { what: string }) {
  return (
    <p role="status" className={styles.told}>
      {what}
    </p>
  );
}
