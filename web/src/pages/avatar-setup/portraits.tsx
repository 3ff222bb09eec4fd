import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';

import { type Avatar, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { avatarQuery, photoQuery } from '@/api/queries';
import { Button } from '@/components/button';
import { Drawing } from '@/components/drawing';
import { Page } from '@/components/page';
import { Picture } from '@/components/picture';
import { forgetUrl } from '@/components/steady-url';
import { EmptyState, ErrorNote } from '@/components/states';

import { PortraitStrip } from './portrait-strip';
import styles from './avatar-setup.module.css';

/** The first picture: it is drawn, looked at, drawn again if need be, and approved. */
export function Portraits({ avatar }: { avatar: Avatar }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [chosen, choose] = useState<string>();
  const { reference_image: current, reference_history: history } = avatar;
  const isDrawing = current.status === 'generating';

  const regenerate = useCommand(
    (_: undefined, headers) => answer(api.POST('/avatars/me/reference-image', { params: { header: headers } })),
    {
      onSuccess: (photo) => {
        choose(undefined);
        client.setQueryData(photoQuery(photo.id).queryKey, photo);
        void client.invalidateQueries(avatarQuery);
      },
    },
  );
  const approve = useCommand(
    (photo_id: string, headers) =>
      answer(api.POST('/avatars/me/reference-image/approval', { body: { photo_id }, params: { header: headers } })),
    {
      onSuccess: (approved) => {
        client.setQueryData(avatarQuery.queryKey, approved);
        void navigate('/chat');
      },
    },
  );

  const shown = history.find(({ photo_id }) => photo_id === (chosen ?? (isDrawing ? undefined : current.photo_id)));
  const latest = shown ?? (isDrawing ? undefined : history.at(-1));
  const refresh = (id: string) => {
    forgetUrl(id);
    void client.invalidateQueries(avatarQuery);
  };
  return (
    <Page
      title={`A picture of ${avatar.name}`}
      lead={isDrawing ? 'This takes a few seconds.' : 'Take your time. All later pictures will look like the one that you approve.'}
      wide
    >
      <div className={styles.stage}>
        <div className={styles.frame}>
          {latest !== undefined ? (
            <Picture
              eager
              id={`${latest.photo_id}/full`}
              url={latest.image_url}
              alt={`${avatar.name}: ${avatar.appearance}`}
              width={1024}
              height={1024}
              onStale={() => refresh(`${latest.photo_id}/full`)}
            />
          ) : isDrawing ? (
            <Underway name={avatar.name} photoId={current.photo_id} />
          ) : (
            <NoPicture avatar={avatar} />
          )}
        </div>
        <div className={styles.side}>
          <p className={styles.looks}>{avatar.appearance}</p>
          <div className={styles.choices}>
            {latest !== undefined && (
              <Button look="main" busy={approve.isPending} onClick={() => approve.mutate(latest.photo_id)}>
                Looks perfect
              </Button>
            )}
            <Button
              look={latest === undefined && !isDrawing ? 'main' : 'plain'}
              busy={regenerate.isPending}
              disabled={isDrawing}
              onClick={() => regenerate.mutate()}
            >
              {history.length === 0 && !isDrawing ? 'Generate photo' : 'Regenerate'}
            </Button>
          </div>
          {current.status === 'failed' && latest !== undefined && (
            <p role="status" className={styles.note}>
              The last try did not work out: {current.failure?.detail ?? 'the drawing service stumbled'}. The earlier
              pictures are still here.
            </p>
          )}
          <ErrorNote error={regenerate.error ?? approve.error} />
          <PortraitStrip
            name={avatar.name}
            history={history}
            value={latest?.photo_id}
            drawing={isDrawing}
            onChange={choose}
          />
        </div>
      </div>
    </Page>
  );
}

function NoPicture({ avatar }: { avatar: Avatar }) {
  const { failure } = avatar.reference_image;
  return (
    <div className={styles.none}>
      {failure === undefined ? (
        <EmptyState title="No picture yet">Press “Generate photo”, and {avatar.name} gets a face.</EmptyState>
      ) : (
        <EmptyState title="That did not work out">
          {failure.detail}. {failure.retryable ? 'Try it once more.' : 'Change the description, and try again.'}
        </EmptyState>
      )}
    </div>
  );
}

function Underway({ name, photoId }: { name: string; photoId: string | undefined }) {
  const client = useQueryClient();
  const photo = useQuery({ ...photoQuery(photoId ?? ''), enabled: photoId !== undefined });
  const cancel = useCommand(
    (photo_id: string, headers) =>
      answer(api.POST('/photos/{photo_id}/cancel', { params: { path: { photo_id }, header: headers } })),
    { onSuccess: () => void client.invalidateQueries(avatarQuery) },
  );
  return (
    <>
      <Drawing
        what={`Drawing ${name}`}
        since={photo.data?.requested_at}
        attempt={photo.data?.attempts ?? 0}
        action={
          photoId !== undefined && (
            <Button size="small" busy={cancel.isPending} onClick={() => cancel.mutate(photoId)}>
              Cancel
            </Button>
          )
        }
      />
      <ErrorNote error={cancel.error} />
    </>
  );
}
