import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { offeredQuery } from '@/api/offered';

import { EmptyState, ErrorState } from './states';
import { ListSkeleton } from './work-list';

/** What needs an operation that a server may lack: it shows as absent, not as broken. */
export function Offered({ path, what, missing, children }: {
  /** As the API's document has it, as `/admin/users/{user_id}`. */
  path: string;
  /** What is absent, at the beginning of a sentence. */
  what: string;
  /** What it would show, and what to do meanwhile. */
  missing: ReactNode;
  children: ReactNode;
}) {
  const offered = useQuery(offeredQuery);
  if (offered.error !== null) return <ErrorState error={offered.error} again={() => void offered.refetch()} />;
  if (offered.data === undefined) return <ListSkeleton what={`${what}: one moment`} />;
  if (offered.data.includes(path)) return children;
  return <EmptyState title={`${what}: not offered by this server yet`}>{missing}</EmptyState>;
}
