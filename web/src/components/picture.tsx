import { useState } from 'react';

import { steadyUrl } from './steady-url';
import styles from './picture.module.css';

/** A picture in its place, which is kept free for it; it fades in. */
export function Picture({ id, url, alt, width, height, eager = false, onStale }: {
  /** Whose bytes they are, whatever the address: as `photo/full`. */
  id: string;
  url: string;
  alt: string;
  width: number;
  height: number;
  eager?: boolean;
  /** The address no longer works: it was good for an hour. */
  onStale?: () => void;
}) {
  const [shown, setShown] = useState<string>();
  const source = steadyUrl(id, url);
  return (
    <img
      className={styles.picture}
      src={source}
      alt={alt}
      width={width}
      height={height}
      loading={eager ? 'eager' : 'lazy'}
      decoding="async"
      data-shown={shown === source || undefined}
      onLoad={() => setShown(source)}
      onError={onStale}
    />
  );
}
