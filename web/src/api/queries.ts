import { QueryClient, infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { type Avatar, type ChatMode, type Schemas, answer, api } from './client';
import { isUncertain, pause } from './intent';
import { RequestFailed } from './problem';

/** What a page shows stays true through `/updates`, so nothing grows old by itself. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      retry: (failures, error) => failures < 3 && isUncertain(error),
      retryDelay: pause,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
  },
});

/** The companion; null while there is none. */
export const avatarQuery = queryOptions({
  queryKey: ['avatar'],
  queryFn: async ({ signal }): Promise<Avatar | null> => {
    try {
      return await answer(api.GET('/avatars/me', { signal }));
    } catch (error) {
      if (error instanceof RequestFailed && error.code === 'avatar-not-found') return null;
      throw error;
    }
  },
});

/** What the person pays for. */
export const subscriptionQuery = queryOptions({
  queryKey: ['subscription'],
  queryFn: ({ signal }) => answer(api.GET('/billing/subscription', { signal })),
});

/** What can be subscribed to. */
export const plansQuery = queryOptions({
  queryKey: ['plans'],
  queryFn: ({ signal }) => answer(api.GET('/billing/plans', { signal })),
});

/** One picture. */
export const photoQuery = (id: string) =>
  queryOptions({
    queryKey: ['photo', id],
    queryFn: ({ signal }) => answer(api.GET('/photos/{photo_id}', { params: { path: { photo_id: id } }, signal })),
  });

export interface PhotoFilter {
  status?: Schemas['PhotoStatus'];
  purpose?: Schemas['Purpose'];
}

/** Pictures, newest first, page by page. */
export const photosQuery = (filter: PhotoFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ['photos', filter],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/photos', {
          params: { query: { ...filter, limit: 30, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** How the companion behaves, and what stands beside the conversation. */
export const chatQuery = queryOptions({
  queryKey: ['chat'],
  queryFn: ({ signal }) => answer(api.GET('/chat', { signal })),
});

/** What was said in a mode, newest first, page by page. */
export const messagesQuery = (mode: ChatMode) =>
  infiniteQueryOptions({
    queryKey: ['messages', mode],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/chat/messages', {
          params: { query: { mode, limit: 30, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** The reply that is being written in a mode, as far as it is; told by `/updates` alone. */
export const replyKey = (mode: ChatMode) => ['reply', mode] as const;
