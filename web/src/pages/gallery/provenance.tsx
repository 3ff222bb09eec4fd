import { useMutation } from '@tanstack/react-query';

import type { Photo } from '@/api/client';
import { Button } from '@/components/button';
import { moment, size } from '@/format/format';

import styles from './gallery.module.css';

/** Where a picture comes from, and that its bytes are those that were recorded. */
export function Provenance({ photo }: { photo: Photo }) {
  const { image } = photo;
  return (
    <section className={styles.provenance}>
      <h3>Where it comes from</h3>
      <dl className={styles.facts}>
        <dt>Asked for</dt>
        <dd>{moment(photo.requested_at)}</dd>
        {photo.delivered_at !== undefined && (
          <>
            <dt>Delivered</dt>
            <dd>{moment(photo.delivered_at)}</dd>
          </>
        )}
        <dt>Attempts</dt>
        <dd>{photo.attempts}</dd>
        {image !== undefined && (
          <>
            <dt>File</dt>
            <dd>
              {image.width} × {image.height}, {image.media_type}, {size(image.bytes)}
            </dd>
            <dt>Made by</dt>
            <dd>AI. The picture says so visibly, and in its metadata.</dd>
            <dt>SHA-256</dt>
            <dd className={styles.hash}>{image.sha256}</dd>
          </>
        )}
      </dl>
      {image !== undefined && <Check key={photo.id} url={image.url} sha256={image.sha256} />}
    </section>
  );
}

/** Computes the fingerprint here, in the browser, of the bytes as they come. */
function Check({ url, sha256 }: { url: string; sha256: string }) {
  const check = useMutation({
    mutationFn: async () => {
      const response = await fetch(url);
      if (!response.ok) throw new Error('the picture could not be fetched');
      return (await fingerprint(await response.arrayBuffer())) === sha256;
    },
  });
  return (
    <div className={styles.check}>
      <Button size="small" busy={check.isPending} onClick={() => check.mutate()}>
        Check the fingerprint
      </Button>
      <p role="status">
        {check.data === true && <span className={styles.good}>✓ These are the recorded bytes, verified in this browser.</span>}
        {check.data === false && <span className={styles.bad}>✗ These are not the recorded bytes.</span>}
        {check.error !== null && 'The picture could not be fetched. Close this, and open it again.'}
      </p>
    </div>
  );
}

async function fingerprint(bytes: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
