import { useInfiniteQuery } from '@tanstack/react-query';

import { type Schemas, answer, api } from '@/api/client';
import { type CommandHeaders, useCommand } from '@/api/command';
import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { PagesOf } from '@/components/pages-of';
import { EmptyState, ErrorNote } from '@/components/states';
import { Views, useView } from '@/components/views';
import { WorkItem, WorkList } from '@/components/work-list';
import { digits, instant, shortId } from '@/format/ledger';

import { Person } from './person-link';
import { type PhotoStatus, photosQuery, useLookAgain } from './queries';

type AdminPhoto = Schemas['AdminPhoto'];

const STATES = ['failed', 'requested', 'generating', 'refused', 'canceled', 'delivered'] as const;

const TONES: Record<PhotoStatus, 'plain' | 'done' | 'waiting' | 'refused'> = {
  requested: 'waiting',
  generating: 'waiting',
  delivered: 'done',
  failed: 'refused',
  refused: 'refused',
  canceled: 'plain',
};

/** Why there is no picture. */
const WHY: Record<Schemas['FailureCode'], string> = {
  transient: 'The provider could not make it',
  deadline: 'It took too long',
  content: 'The provider would not make it',
  operator: 'Something has to be set right here',
};

const NONE: Record<PhotoStatus, string> = {
  failed: 'Nothing is to be done here: every photo was made, or is being made.',
  requested: 'No photo waits for its turn.',
  generating: 'No photo is being made right now.',
  refused: 'The rules about content have refused nothing.',
  canceled: 'Nobody has canceled a photo.',
  delivered: 'No photo has been delivered yet.',
};

/** Everybody’s photo jobs by state: how each one stands, not what it shows. */
export function Photos() {
  const status = useView<PhotoStatus>('status', STATES);
  const query = useInfiniteQuery(photosQuery(status));
  return (
    <>
      <Views
        small
        label="State of the photos"
        parameter="status"
        current={status}
        views={STATES.map((id) => ({ id, label: id.charAt(0).toUpperCase() + id.slice(1) }))}
      />
      <PagesOf query={query} what="The photos" empty={<EmptyState title={`No ${status} photos`}>{NONE[status]}</EmptyState>}>
        {(photos) => (
          <WorkList label={`Photos, ${status}`}>
            {photos.map((photo) => (
              <PhotoJob key={photo.id} photo={photo} />
            ))}
          </WorkList>
        )}
      </PagesOf>
    </>
  );
}

function PhotoJob({ photo }: { photo: AdminPhoto }) {
  const { id, owner, purpose, status, attempts, failure, rules, requested_at, delivered_at } = photo;
  const lookAgain = useLookAgain();
  const path = { photo_id: id };
  const retry = useCommand(
    (_: undefined, header: CommandHeaders) => answer(api.POST('/admin/photos/{photo_id}/retry', { params: { path, header } })),
    { onSuccess: lookAgain },
  );
  const cancel = useCommand(
    (_: undefined, header: CommandHeaders) => answer(api.POST('/admin/photos/{photo_id}/cancel', { params: { path, header } })),
    { onSuccess: lookAgain },
  );
  const running = status === 'requested' || status === 'generating';
  return (
    <WorkItem
      title={failure === undefined ? `A ${purpose === 'reference' ? 'portrait' : 'scene'}` : WHY[failure.code]}
      badge={<Badge tone={TONES[status]}>{status}</Badge>}
      facts={[
        ['Photo', <code title={id}>{shortId(id)}</code>],
        ['Of', <Person id={owner} />],
        ['Purpose', purpose],
        ['Attempts', digits(attempts)],
        ['Asked for', <time dateTime={requested_at}>{instant(requested_at)}</time>],
        ...(delivered_at === undefined ? [] : [['Delivered', <time dateTime={delivered_at}>{instant(delivered_at)}</time>] as const]),
        ...(rules.length === 0 ? [] : [['Rules', rules.join(', ')] as const]),
      ]}
      actions={
        running || failure?.retryable === true ? (
          <>
            {failure?.retryable === true && (
              <Button size="small" busy={retry.isPending} aria-label={`Try again: photo ${shortId(id)}`} onClick={() => retry.mutate()}>
                Try again
              </Button>
            )}
            {running && (
              <Button look="danger" size="small" busy={cancel.isPending} aria-label={`Cancel photo ${shortId(id)}`} onClick={() => cancel.mutate()}>
                Cancel
              </Button>
            )}
          </>
        ) : undefined
      }
    >
      {failure !== undefined && <p>{failure.detail}</p>}
      {failure?.retryable === false && <p>Its content was to blame: the same again would fail again.</p>}
      <ErrorNote error={retry.error ?? cancel.error} />
    </WorkItem>
  );
}
