import { useQueryClient } from '@tanstack/react-query';
import type { CSSProperties } from 'react';

import type { Photo } from '@/api/client';
import { Drawing } from '@/components/drawing';
import { Picture } from '@/components/picture';
import { Skeleton } from '@/components/skeleton';
import { forgetUrl } from '@/components/steady-url';

import { titleOf } from './words';
import styles from './gallery.module.css';

/** Rows that are filled from edge to edge, each picture in its own proportions. */
export function Grid({ photos, name, onOpen }: { photos: Photo[]; name: string; onOpen: (photo: Photo) => void }) {
  return (
    <ul className={styles.grid}>
      {photos.map((photo) => {
        const ratio = photo.image === undefined ? 1 : photo.image.width / photo.image.height;
        return (
          <li key={photo.id} className={styles.cell} style={{ '--ratio': ratio } as CSSProperties}>
            <button type="button" className={styles.open} aria-label={`Details of ${titleOf(photo, name)}`} onClick={() => onOpen(photo)}>
              <Content photo={photo} name={name} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Content({ photo, name }: { photo: Photo; name: string }) {
  const client = useQueryClient();
  if (photo.image !== undefined) {
    const id = `${photo.id}/thumbnail`;
    return (
      <Picture
        id={id}
        url={photo.image.thumbnail_url}
        alt=""
        width={photo.image.width}
        height={photo.image.height}
        onStale={() => {
          forgetUrl(id);
          void client.invalidateQueries({ queryKey: ['photos'] });
        }}
      />
    );
  }
  if (photo.status === 'requested' || photo.status === 'generating') {
    return <Drawing what={`Drawing ${name}`} since={photo.requested_at} attempt={photo.attempts} />;
  }
  const words = { failed: 'Could not be made', refused: 'Against the rules', canceled: 'Canceled', delivered: 'Behind the gate' };
  return (
    <span className={styles.missing}>
      <strong>{words[photo.status]}</strong>
      {photo.scene}
    </span>
  );
}

export function GridSkeleton() {
  return (
    <div className={styles.grid}>
      {[1, 1.2, 0.8, 1, 1.3, 0.9].map((ratio, index) => (
        <div key={index} className={styles.cell} style={{ '--ratio': ratio } as CSSProperties}>
          <Skeleton ratio={String(ratio)} />
        </div>
      ))}
    </div>
  );
}
