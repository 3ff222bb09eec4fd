import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { type Photo, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { Button } from '@/components/button';
import { Drawing } from '@/components/drawing';
import { PhotoViewer } from '@/components/photo-viewer';
import { Picture } from '@/components/picture';
import { forgetUrl } from '@/components/steady-url';
import { ErrorNote } from '@/components/states';

import styles from './chat.module.css';

/** A picture in a letter: promised, being drawn, here, or not. */
export function LetterPicture({ photo, name, onSay }: { photo: Photo; name: string; onSay: (text: string) => void }) {
  const client = useQueryClient();
  const [viewed, view] = useState(false);
  const cancel = useCommand(
    (_: undefined, headers) =>
      answer(api.POST('/photos/{photo_id}/cancel', { params: { path: { photo_id: photo.id }, header: headers } })),
    { onSuccess: () => void client.invalidateQueries({ queryKey: ['messages'] }) },
  );
  const alt = photo.scene ?? `A picture of ${name}`;
  if (photo.status === 'delivered' && photo.image !== undefined) {
    const id = `${photo.id}/full`;
    const { url, width, height } = photo.image;
    return (
      <>
        <button type="button" className={styles.picture} aria-label={`Look at: ${alt}`} onClick={() => view(true)}>
          <Picture
            id={id}
            url={url}
            alt=""
            width={width}
            height={height}
            onStale={() => {
              forgetUrl(id);
              void client.invalidateQueries({ queryKey: ['messages'] });
            }}
          />
        </button>
        {viewed && <PhotoViewer photo={photo} alt={alt} onClose={() => view(false)} />}
      </>
    );
  }
  if (photo.status === 'requested' || photo.status === 'generating') {
    return (
      <>
        <Drawing
          what={`Drawing ${name}`}
          since={photo.requested_at}
          attempt={photo.attempts}
          action={
            <Button size="small" busy={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
          }
        />
        <ErrorNote error={cancel.error} />
      </>
    );
  }
  const words = {
    delivered: 'This picture is shown while your subscription is open.',
    canceled: 'You canceled this picture.',
    refused: photo.failure?.detail ?? 'This picture is against the rules.',
    failed: photo.failure?.detail ?? 'This picture could not be made.',
  };
  const mayAskAgain = photo.status === 'canceled' || (photo.status === 'failed' && photo.failure?.retryable !== false);
  return (
    <div className={styles.noPicture}>
      <p>{words[photo.status]}</p>
      {mayAskAgain && (
        <Button size="small" onClick={() => onSay(`Would you send me that picture again? ${photo.scene ?? ''}`.trim())}>
          Ask again
        </Button>
      )}
    </div>
  );
}
