import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';

import { Button } from '@/components/button';
import { SeenAt } from '@/components/seen-at';
import { EmptyState, ErrorNote, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';

import { Download } from './download';
import { EventSheet } from './event-sheet';
import { asParameters, filterIn } from './filter';
import { Filters } from './filters';
import { eventsQuery } from './log';
import { Timeline } from './timeline';

/** The log in its order, filtered; one of its events beside it. */
export function Events() {
  const [parameters, setParameters] = useSearchParams();
  const filter = filterIn(parameters);
  const asked = asParameters(filter);
  const opened = Number(parameters.get('event'));
  const open = (position: number | undefined) =>
    setParameters({ ...asked, ...(position === undefined ? {} : { event: String(position) }) });
  return (
    <>
      <Filters key={JSON.stringify(asked)} filter={filter} onChange={(next) => setParameters(asParameters(next))} />
      <Found filter={filter} filtered={Object.keys(asked).length > 0} open={open} clear={() => setParameters({})} />
      {Number.isSafeInteger(opened) && opened > 0 && (
        <EventSheet key={opened} position={opened} onClose={() => open(undefined)} />
      )}
    </>
  );
}

function Found({ filter, filtered, open, clear }: {
  filter: ReturnType<typeof filterIn>;
  filtered: boolean;
  open: (position: number) => void;
  clear: () => void;
}) {
  const query = useInfiniteQuery(eventsQuery(filter));
  const { data, error, isFetching, isFetchingNextPage, hasNextPage, dataUpdatedAt } = query;
  if (data === undefined) {
    if (error !== null) return <ErrorState error={error} again={() => void query.refetch()} />;
    return <ListSkeleton what="The events are on their way" rows={8} />;
  }
  const events = data.pages.flatMap(({ items }) => items);
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching && !isFetchingNextPage} again={() => void query.refetch()} />
      {events.length === 0 ? (
        <EmptyState
          title={filtered ? 'No event is like that' : 'Nothing has happened yet'}
          action={filtered ? <Button onClick={clear}>Clear the filters</Button> : undefined}
        >
          {filtered ? 'Ask for less at once: names of events are written as PhotoDelivered, actors as user:… or reaction:….' : 'The first event appears as soon as somebody does something.'}
        </EmptyState>
      ) : (
        <Timeline
          events={events}
          more={hasNextPage && error === null}
          loadMore={() => {
            if (!isFetchingNextPage) void query.fetchNextPage();
          }}
          onOpen={open}
        />
      )}
      <ErrorNote error={error} />
      {events.length > 0 && <Download filter={filter} />}
    </>
  );
}
