import { infiniteQueryOptions, queryOptions, useQueryClient } from '@tanstack/react-query';

import { type Schemas, answer, api } from '@/api/client';

// Each of these looks is recorded by the server, so nothing here asks by itself, except while a rebuild is under way.

export type PhotoStatus = Schemas['PhotoStatus'];
export type ReportStatus = Schemas['ReportStatus'];
export type WebhookState = Schemas['WebhookState'];

const pages = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor,
};

export const figuresQuery = queryOptions({
  queryKey: ['operator', 'figures'],
  queryFn: ({ signal }) => answer(api.GET('/admin/metrics', { signal })),
});

export const photosQuery = (status: PhotoStatus) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'photos', status],
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET('/admin/photos', { params: { query: { status, ...from(pageParam) } }, signal })),
    ...pages,
  });

export const reportsQuery = (status: ReportStatus) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'reports', status],
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET('/admin/reports', { params: { query: { status, ...from(pageParam) } }, signal })),
    ...pages,
  });

/** A report with what it is about. */
export const reportQuery = (id: string) =>
  queryOptions({
    queryKey: ['operator', 'report', id],
    queryFn: ({ signal }) =>
      answer(api.GET('/admin/reports/{report_id}', { params: { path: { report_id: id } }, signal })),
  });

export const webhooksQuery = (state: WebhookState) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'webhooks', state],
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET('/admin/webhooks', { params: { query: { state, ...from(pageParam) } }, signal })),
    ...pages,
  });

export const projectionsQuery = queryOptions({
  queryKey: ['operator', 'projections'],
  queryFn: ({ signal }) => answer(api.GET('/admin/projections', { signal })),
});

export const personQuery = (id: string) =>
  queryOptions({
    queryKey: ['operator', 'person', id],
    queryFn: ({ signal }) => answer(api.GET('/admin/users/{user_id}', { params: { path: { user_id: id } }, signal })),
  });

/** After a deed: what is shown is looked at again, and nothing else is. */
export function useLookAgain(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: ['operator'] });
}

function from(cursor: string | null): { cursor?: string } {
  return cursor === null ? {} : { cursor };
}
