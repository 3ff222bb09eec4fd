import { queryOptions, useQuery } from '@tanstack/react-query';

import { answer, api } from '@/api/client';
import { ProjectionTable } from '@/components/projection-table';
import { SeenAt } from '@/components/seen-at';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';

const projectionsQuery = queryOptions({
  queryKey: ['audit', 'projections'],
  queryFn: ({ signal }) => answer(api.GET('/audit/projections', { signal })),
});

/** Whether what people are shown is what the log says. */
export function ReadModels() {
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery(projectionsQuery);
  if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
  if (data === undefined) return <ListSkeleton what="The read models are on their way" rows={6} />;
  if (data.items.length === 0) {
    return (
      <EmptyState title="No read model follows the log yet">
        They appear here as soon as a process that runs them has started. Look again in a moment.
      </EmptyState>
    );
  }
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching} again={() => void refetch()} />
      <ProjectionTable projections={data.items} />
    </>
  );
}
