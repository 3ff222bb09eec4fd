import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api } from '@/api/client';
import { RequestFailed } from '@/api/problem';

import type { Json } from './difference';
import { type Filter, asQuery } from './filter';

// Each of these looks is recorded by the server, so nothing here asks by itself. What is in the log stays as it is, so
// nothing is asked twice either.

/** An event as the log has it. */
export interface LogEvent {
  position: number;
  event_id: string;
  aggregate_type: string;
  aggregate_id: string;
  /** Its place in the history of what it happened to. */
  sequence: number;
  event_type: string;
  event_version: string;
  payload: Json;
  metadata: Metadata;
  recorded_at: string;
}

export interface Metadata {
  actor: string;
  correlation_id: string;
  causation_id: string;
  command: string;
  [more: string]: unknown;
}

/** One event, with the state of what it happened to before and after it. */
export interface EventDetail extends LogEvent {
  leaf_hash?: string | null;
  /** Null when it is the first event of its history. */
  state_before: Json;
  state_after: Json;
  /** Why neither state is known: this version of the server cannot read that history. */
  state_error?: string;
}

/** How something stood after an event. */
export interface StateThen {
  position: number;
  sequence: number;
  state: Json;
}

interface Page {
  items: LogEvent[];
  next_cursor: string | null;
}

/** As many events as an answer may hold. */
const PAGE = 100;
/** How many events of one command are drawn. */
export const DRAWN = 1000;

const pages = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: Page) => page.next_cursor,
};

/** The log, in its order. */
export const eventsQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['audit', 'events', filter],
    queryFn: ({ pageParam, signal }) => get<Page>('/audit/events', { query: { ...asQuery(filter), ...page(pageParam) }, signal }),
    ...pages,
  });

/** One event. */
export const eventQuery = (position: number) =>
  queryOptions({
    queryKey: ['audit', 'event', position],
    queryFn: ({ signal }) => get<EventDetail>('/audit/events/{position}', { path: { position }, signal }),
  });

/** What happened to one thing. */
export const historyQuery = (type: string, id: string) =>
  infiniteQueryOptions({
    queryKey: ['audit', 'history', type, id],
    queryFn: ({ pageParam, signal }) =>
      get<Page>('/audit/aggregates/{type}/{id}/events', { path: { type, id }, query: page(pageParam), signal }),
    ...pages,
  });

/** How one thing stood at a position. */
export const stateQuery = (type: string, id: string, position: number) =>
  queryOptions({
    queryKey: ['audit', 'state', type, id, position],
    queryFn: ({ signal }) =>
      get<StateThen>('/audit/aggregates/{type}/{id}/state', { path: { type, id }, query: { as_of_position: position }, signal }),
  });

/** Everything that followed from one request, as far as it is drawn. */
export const followedQuery = (correlation: string) =>
  queryOptions({
    queryKey: ['audit', 'followed', correlation],
    queryFn: async ({ signal }) => {
      const events: LogEvent[] = [];
      let cursor: string | null = null;
      do {
        const { items, next_cursor }: Page = await get<Page>('/audit/events', {
          query: { correlation_id: correlation, ...page(cursor) },
          signal,
        });
        events.push(...items);
        cursor = next_cursor;
      } while (cursor !== null && events.length < DRAWN);
      return { events, more: cursor !== null };
    },
  });

/** The newest signed checkpoint, as it stands: its signature is over these very characters. */
export const checkpointQuery = queryOptions({
  queryKey: ['audit', 'checkpoint'],
  queryFn: ({ signal }) => get<string>('/audit/checkpoint', { signal, parseAs: 'text' }),
});

/** All of these events, one a line, however many. */
export async function exportedEvents(filter: Filter): Promise<Blob> {
  return get<Blob>('/audit/events', { query: asQuery(filter), headers: { Accept: 'application/x-ndjson' }, parseAs: 'blob' });
}

/** An event as the server shows it, word by word. */
export async function shownEvent(position: number): Promise<string> {
  return get<string>('/audit/events/{position}', { path: { position }, parseAs: 'text' });
}

/** That an event is among the first `size` ones; as text, to be read by what checks it. */
export async function inclusionProof(position: number, size: number): Promise<string> {
  return get<string>('/audit/proofs/inclusion', { query: { position, size }, parseAs: 'text' });
}

/** That the first `from` events are still what they were among the first `to` ones. */
export async function consistencyProof(from: number, to: number): Promise<string> {
  return get<string>('/audit/proofs/consistency', { query: { from, to }, parseAs: 'text' });
}

/** Whether there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === 404;
}

function page(cursor: string | null): Record<string, string | number> {
  return { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
}

type Get = (
  path: string,
  request: object,
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

/** Asks for what the document of this version does not have yet. */
async function get<Answer>(
  path: string,
  { path: named, query, ...rest }: { path?: object; query?: object; signal?: AbortSignal; headers?: object; parseAs?: 'text' | 'blob' },
): Promise<Answer> {
  const { data, error, response } = await (api.GET as Get)(path, { params: { path: named, query }, ...rest });
  if (error !== undefined || !response.ok) throw RequestFailed.of(response, error);
  return data as Answer;
}
