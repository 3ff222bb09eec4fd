import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { Button } from './button';
import { SeenAt } from './seen-at';
import { ErrorNote, ErrorState } from './states';
import { ListSkeleton } from './work-list';

/** A list that comes page by page, in each of its states. */
export function PagesOf<Item>({ query, what, empty, children }: {
  query: UseInfiniteQueryResult<InfiniteData<{ items: Item[] }>>;
  /** As `The reports`. */
  what: string;
  empty: ReactNode;
  children: (items: Item[]) => ReactNode;
}) {
  const { data, error, isFetching, isFetchingNextPage, hasNextPage, dataUpdatedAt } = query;
  if (data === undefined) {
    if (error !== null) return <ErrorState error={error} again={() => void query.refetch()} />;
    return <ListSkeleton what={`${what} are on their way`} />;
  }
  const items = data.pages.flatMap((page) => page.items);
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching && !isFetchingNextPage} again={() => void query.refetch()} />
      {items.length === 0 ? empty : children(items)}
      <ErrorNote error={error} />
      {hasNextPage && (
        <div>
          <Button busy={isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
