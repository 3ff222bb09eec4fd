import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';

import { type Avatar, type Photo, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { RequestFailed } from '@/api/problem';
import { Button } from '@/components/button';
import { Confirm } from '@/components/confirm';
import { Drawing } from '@/components/drawing';
import { fileName } from '@/components/photo-viewer';
import { Picture } from '@/components/picture';
import { Report } from '@/components/report';
import { SideSheet } from '@/components/side-sheet';
import { ErrorNote } from '@/components/states';

import { Provenance } from './provenance';
import { titleOf } from './words';
import styles from './gallery.module.css';

/** One picture: what was asked for, when, where it comes from, and what can be done with it. */
export function PhotoDetails({ photo, avatar, onClose }: { photo: Photo; avatar: Avatar; onClose: () => void }) {
  const isRunning = photo.status === 'requested' || photo.status === 'generating';
  return (
    <SideSheet open onClose={onClose} title={photo.purpose === 'reference' ? 'Portrait' : 'Scene'}>
      {photo.image !== undefined && (
        <Picture
          eager
          id={`${photo.id}/full`}
          url={photo.image.url}
          alt={titleOf(photo, avatar.name)}
          width={photo.image.width}
          height={photo.image.height}
        />
      )}
      {isRunning && <Drawing what={`Drawing ${avatar.name}`} since={photo.requested_at} attempt={photo.attempts} />}
      {photo.scene != null && <blockquote className={styles.scene}>{photo.scene}</blockquote>}
      {photo.failure !== undefined && <p className={styles.failure}>{photo.failure.detail}</p>}
      <Actions photo={photo} avatar={avatar} isRunning={isRunning} onClose={onClose} />
      <Provenance photo={photo} />
    </SideSheet>
  );
}

function Actions({ photo, avatar, isRunning, onClose }: {
  photo: Photo;
  avatar: Avatar;
  isRunning: boolean;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const renew = () => void client.invalidateQueries({ queryKey: ['photos'] });
  const path = { photo_id: photo.id };
  const cancel = useCommand(
    (_: undefined, headers) => answer(api.POST('/photos/{photo_id}/cancel', { params: { path, header: headers } })),
    { onSuccess: renew },
  );
  const again = useCommand(
    (scene: string, headers) => answer(api.POST('/photos', { body: { scene }, params: { header: headers } })),
    {
      onSuccess: () => {
        renew();
        onClose();
      },
    },
  );
  const remove = useCommand(
    async (_: undefined, headers) => {
      const { response, error } = await api.DELETE('/photos/{photo_id}', { params: { path, header: headers } });
      if (!response.ok) throw RequestFailed.of(response, error);
    },
    {
      onSuccess: () => {
        renew();
        onClose();
      },
    },
  );
  const approved = avatar.reference_history.some((entry) => entry.approved && entry.photo_id === photo.id);
  const scene = photo.scene ?? undefined;
  return (
    <div className={styles.actions}>
      {photo.image !== undefined && (
        <Button asChild>
          <a href={photo.image.url} download={fileName(photo)}>
            Download
          </a>
        </Button>
      )}
      {scene !== undefined && photo.image !== undefined && (
        <Button onClick={() => void navigate(`/chat?${new URLSearchParams({ say: `Do you remember? ${scene}` }).toString()}`)}>
          Use in chat
        </Button>
      )}
      {scene !== undefined && (photo.status === 'failed' || photo.status === 'canceled') && (
        <Button look="main" busy={again.isPending} onClick={() => again.mutate(scene)}>
          Try again
        </Button>
      )}
      {photo.status === 'delivered' && (
        <Report look="button" subject={{ kind: 'photo', id: photo.id }} what="this picture" />
      )}
      {isRunning ? (
        <Button busy={cancel.isPending} onClick={() => cancel.mutate(undefined)}>
          Cancel
        </Button>
      ) : (
        <Button look="danger" onClick={() => setDeleting(true)}>
          Delete
        </Button>
      )}
      <ErrorNote error={cancel.error ?? again.error} />
      <Confirm
        open={deleting}
        onClose={() => setDeleting(false)}
        title="Delete this picture?"
        keep="Keep it"
        act={
          <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate(undefined)}>
            Delete it
          </Button>
        }
      >
        <p>
          Its files are deleted for good.
          {approved && ` It is the portrait that ${avatar.name}’s pictures follow: new ones need another.`}
        </p>
        <ErrorNote error={remove.error} />
      </Confirm>
    </div>
  );
}
