import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { type Schemas, answer, api } from '@/api/client';
import { type CommandHeaders, useCommand } from '@/api/command';
import { Button } from '@/components/button';
import { Confirm } from '@/components/confirm';
import { ProjectionTable } from '@/components/projection-table';
import { SeenAt } from '@/components/seen-at';
import { ErrorNote, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';

import { projectionsQuery } from './queries';

/** How often it is looked at how far a rebuild is; each look is on record, so not more often than helps. */
const REBUILD_LOOK_MS = 10_000;
/** A rebuild that was ordered has begun, or is done, within this time. */
const BEGINS_WITHIN_MS = 5000;

/** How far each read model is, and filling one again. */
export function ReadModels() {
  const [orderedAt, setOrderedAt] = useState(0);
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery({
    ...projectionsQuery,
    refetchInterval: ({ state }) => {
      const underWay = state.data?.items.some(isBeingRebuilt) === true;
      return underWay || state.dataUpdatedAt < orderedAt + BEGINS_WITHIN_MS ? REBUILD_LOOK_MS : false;
    },
  });
  const [asked, setAsked] = useState<string>();
  const [ordered, setOrdered] = useState<string>();
  const rebuild = useCommand(
    (name: string, header: CommandHeaders) =>
      answer(api.POST('/admin/projections/{name}/rebuild', { params: { path: { name }, header } })),
    {
      onSuccess: (_, name) => {
        setAsked(undefined);
        setOrdered(name);
        setOrderedAt(Date.now());
        void refetch();
      },
    },
  );
  if (data === undefined) {
    if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
    return <ListSkeleton what="The read models are on their way" rows={6} />;
  }
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching} again={() => void refetch()} />
      <ErrorNote error={error} />
      {ordered !== undefined && (
        <p role="status">
          The read model {ordered} is being rebuilt. Until the new tables are complete the old ones are read; how far they are stands in its row.
        </p>
      )}
      <ProjectionTable
        projections={data.items}
        order={({ name }) => (
          <Button size="small" aria-label={`Rebuild ${name}`} onClick={() => setAsked(name)}>
            Rebuild
          </Button>
        )}
      />
      <Confirm
        open={asked !== undefined}
        onClose={() => {
          setAsked(undefined);
          rebuild.reset();
        }}
        title={`Rebuild ${asked ?? ''}?`}
        keep="Leave it as it is"
        act={
          <Button look="main" busy={rebuild.isPending} onClick={() => asked !== undefined && rebuild.mutate(asked)}>
            Rebuild it
          </Button>
        }
      >
        <p>
          Its tables are filled again from the first event on, beside those that are read, and then swapped in. Nobody notices,
          but for the work that it makes for the database.
        </p>
        <ErrorNote error={rebuild.error} />
      </Confirm>
    </>
  );
}

function isBeingRebuilt({ rebuild }: Schemas['Projection']): boolean {
  return rebuild !== undefined && rebuild !== null;
}
