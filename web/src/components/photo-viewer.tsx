import type { Photo } from '@/api/client';

import { Button } from './button';
import { Modal } from './modal';
import { Picture } from './picture';
import styles from './photo-viewer.module.css';

/** One picture, as large as there is room. */
export function PhotoViewer({ photo, alt, onClose }: { photo: Photo; alt: string; onClose: () => void }) {
  if (photo.image === undefined) return null;
  const { url, width, height } = photo.image;
  return (
    <Modal
      lightly
      title={alt}
      onClose={onClose}
      className={styles.viewer}
      head={
        <div className={styles.actions}>
          <Button asChild look="quiet" size="small">
            <a href={url} download={fileName(photo)}>
              Download
            </a>
          </Button>
          <Button look="quiet" size="small" onClick={onClose}>
            Close
          </Button>
        </div>
      }
    >
      <div className={styles.mount} style={{ aspectRatio: `${width} / ${height}` }}>
        <Picture eager id={`${photo.id}/full`} url={url} alt={alt} width={width} height={height} />
      </div>
    </Modal>
  );
}

/** `ava-2026-03-12-0193e7f9.jpg`. */
export function fileName(photo: Photo): string {
  const ending = photo.image?.media_type === 'image/png' ? 'png' : photo.image?.media_type === 'image/webp' ? 'webp' : 'jpg';
  return `ava-${(photo.delivered_at ?? photo.requested_at).slice(0, 10)}-${photo.id.slice(-8)}.${ending}`;
}
