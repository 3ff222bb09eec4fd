import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { type Schemas, answer, api } from '@/api/client';
import { RequestFailed } from '@/api/problem';

import { type Filter, asQuery } from './filter';

// Each of these looks is recorded by the server, so nothing here asks by itself. What is in the log stays as it is, so
// nothing is asked twice either.

export type LogEvent = Schemas['LoggedEvent'];
export type EventDetail = Schemas['EventDetail'];

/** As many events as an answer may hold. */
const PAGE = 100;
/** How many events of one command are drawn. */
export const DRAWN = 1000;

const pages = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor,
};

/** The log, in the order that is asked for. */
export const eventsQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['audit', 'events', filter],
    queryFn: ({ pageParam, signal }) => eventPage({ ...asQuery(filter), ...page(pageParam) }, signal),
    ...pages,
  });

/** One event. */
export const eventQuery = (position: number) =>
  queryOptions({
    queryKey: ['audit', 'event', position],
    queryFn: ({ signal }) => answer(api.GET('/audit/events/{position}', { params: { path: { position } }, signal })),
  });

/** What happened to one thing. */
export const historyQuery = (type: string, id: string) =>
  infiniteQueryOptions({
    queryKey: ['audit', 'history', type, id],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/audit/aggregates/{type}/{id}/events', {
          params: { path: { type, id }, query: page(pageParam) },
          signal,
        }),
      ),
    ...pages,
  });

/** How one thing stood at a position. */
export const stateQuery = (type: string, id: string, position: number) =>
  queryOptions({
    queryKey: ['audit', 'state', type, id, position],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/audit/aggregates/{type}/{id}/state', {
          params: { path: { type, id }, query: { as_of_position: position } },
          signal,
        }),
      ),
  });

/** Everything that followed from one request, as far as it is drawn. */
export const followedQuery = (correlation: string) =>
  queryOptions({
    queryKey: ['audit', 'followed', correlation],
    queryFn: async ({ signal }) => {
      const events: LogEvent[] = [];
      let cursor: string | null = null;
      do {
        const next: Schemas['EventPage'] = await eventPage({ correlation_id: correlation, ...page(cursor) }, signal);
        events.push(...next.items);
        cursor = next.next_cursor;
      } while (cursor !== null && events.length < DRAWN);
      return { events, more: cursor !== null };
    },
  });

/** The newest signed checkpoint, as it stands: its signature is over these very characters. */
export const checkpointQuery = queryOptions({
  queryKey: ['audit', 'checkpoint'],
  queryFn: ({ signal }) => answer(api.GET('/audit/checkpoint', { signal, parseAs: 'text' })),
});

/** All of these events, one a line, however many, in the order of the log. */
export async function exportedEvents(filter: Filter): Promise<Blob> {
  const headers = { Accept: 'application/x-ndjson' };
  const query = asQuery({ ...filter, order: '' });
  return answer(api.GET('/audit/events', { params: { query }, headers, parseAs: 'blob' }));
}

/** An event as the server shows it, word by word. */
export async function shownEvent(position: number): Promise<string> {
  return answer(api.GET('/audit/events/{position}', { params: { path: { position } }, parseAs: 'text' }));
}

/** That an event is among the first `size` ones; as text, to be read by what checks it. */
export async function inclusionProof(position: number, size: number): Promise<string> {
  return answer(api.GET('/audit/proofs/inclusion', { params: { query: { position, size } }, parseAs: 'text' }));
}

/** That the first `from` events are still what they were among the first `to` ones. */
export async function consistencyProof(from: number, to: number): Promise<string> {
  return answer(api.GET('/audit/proofs/consistency', { params: { query: { from, to } }, parseAs: 'text' }));
}

/** Whether there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === 404;
}

async function eventPage(query: object, signal: AbortSignal): Promise<Schemas['EventPage']> {
  // The document has two types of answer; this one is the page, since nothing else is accepted here.
  return (await answer(api.GET('/audit/events', { params: { query }, signal }))) as Schemas['EventPage'];
}

function page(cursor: string | null): { limit: number; cursor?: string } {
  return { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
}
