import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';

import type { Avatar, Photo } from '@/api/client';
import { type PhotoFilter, avatarQuery, photosQuery } from '@/api/queries';
import { Button } from '@/components/button';
import { Page } from '@/components/page';
import { Paywall, isPaywall } from '@/components/paywall';
import { Segmented } from '@/components/segmented';
import { Loading } from '@/components/skeleton';
import { EmptyState, ErrorState } from '@/components/states';
import { count } from '@/format/format';

import { AskForPicture } from './ask-for-picture';
import { Grid, GridSkeleton } from './grid';
import { PhotoDetails } from './photo-details';
import { PortraitsOnly } from './portraits-only';
import styles from './gallery.module.css';

const FILTERS = {
  all: { label: 'All', filter: {} },
  scenes: { label: 'Scenes', filter: { purpose: 'scene', status: 'delivered' } },
  portraits: { label: 'Portraits', filter: { purpose: 'reference', status: 'delivered' } },
  failed: { label: 'Not made', filter: { status: 'failed' } },
} satisfies Record<string, { label: string; filter: PhotoFilter }>;

type Filter = keyof typeof FILTERS;

const OPTIONS = Object.entries(FILTERS).map(([value, { label }]) => ({ value: value as Filter, label }));

const NOTHING: Record<Filter, { title: string; words: string }> = {
  all: { title: 'No pictures yet', words: 'Ask for one: say where, and what is going on.' },
  scenes: { title: 'No scenes yet', words: 'Ask for one: say where, and what is going on.' },
  portraits: { title: 'No portraits', words: 'The portrait that you approved was deleted.' },
  failed: { title: 'Everything worked out', words: 'Pictures that could not be made would be here, to be tried again.' },
};

export function Component() {
  const avatar = useQuery(avatarQuery);
  return avatar.data ? <Gallery avatar={avatar.data} /> : null;
}

function Gallery({ avatar }: { avatar: Avatar }) {
  const [query, setQuery] = useSearchParams();
  const asked = query.get('show') ?? 'all';
  const filter: Filter = asked in FILTERS ? (asked as Filter) : 'all';
  const photos = useInfiniteQuery(photosQuery(FILTERS[filter].filter));
  const [opened, open] = useState<string>();
  const [asking, ask] = useState(false);
  const shown = photos.data?.pages.flatMap(({ items }) => items);
  const selected = shown?.find(({ id }) => id === opened);

  if (isPaywall(photos.error)) {
    return (
      <Page title="Gallery" wide>
        <Paywall error={photos.error} companion={avatar.name} />
        <PortraitsOnly avatar={avatar} />
      </Page>
    );
  }
  return (
    <Page
      title="Gallery"
      wide
      aside={
        <Button look="main" onClick={() => ask(true)}>
          Ask for a picture
        </Button>
      }
    >
      <Segmented
        label="Which pictures"
        options={OPTIONS}
        value={filter}
        onChange={(next) => setQuery(next === 'all' ? {} : { show: next }, { replace: true })}
      />
      {photos.isPending && (
        <>
          <Loading what="Fetching your pictures" />
          <GridSkeleton />
        </>
      )}
      {photos.error !== null && shown === undefined && (
        <ErrorState error={photos.error} again={() => void photos.refetch()} />
      )}
      {shown?.length === 0 && <Nothing filter={filter} name={avatar.name} onAsk={() => ask(true)} />}
      {shown !== undefined && shown.length > 0 && (
        <>
          <p className={styles.told} role="status">
            {count(shown.length, 'picture')} shown
          </p>
          <Grid photos={shown} name={avatar.name} onOpen={(photo: Photo) => open(photo.id)} />
        </>
      )}
      {photos.hasNextPage && (
        <Button className={styles.more} busy={photos.isFetchingNextPage} onClick={() => void photos.fetchNextPage()}>
          Earlier pictures
        </Button>
      )}
      {selected !== undefined && <PhotoDetails photo={selected} avatar={avatar} onClose={() => open(undefined)} />}
      <AskForPicture open={asking} name={avatar.name} onClose={() => ask(false)} />
    </Page>
  );
}

function Nothing({ filter, name, onAsk }: { filter: Filter; name: string; onAsk: () => void }) {
  const { title, words } = NOTHING[filter];
  const action =
    filter === 'failed' ? (
      <Button asChild>
        <Link to="/chat">Write to {name}</Link>
      </Button>
    ) : (
      <Button onClick={onAsk}>Ask for a picture</Button>
    );
  return (
    <EmptyState title={title} action={action}>
      {words}
    </EmptyState>
  );
}
