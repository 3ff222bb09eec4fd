import createClient, { type FetchResponse } from 'openapi-fetch';
import type { MediaType } from 'openapi-typescript-helpers';

import { leaveForGood } from '@/session/gone';
import { session } from '@/session/session';

import { Positions } from './positions';
import { RequestFailed } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Avatar = Schemas['Avatar'];
export type Photo = Schemas['Photo'];
export type Subscription = Schemas['Subscription'];
export type Message = Schemas['Message'];
export type ChatMode = Schemas['ChatMode'];

/** The newest position that this page's own commands reached. */
export const positions = new Positions();

/** Every operation of the API, typed by its document. Wrap a call in `answer`. */
export const api = createClient<paths>({ baseUrl: window.location.origin });

api.use({
  onRequest({ request }) {
    const token = session.token;
    if (token !== undefined) request.headers.set('Authorization', `Bearer ${token}`);
    const position = positions.toAwait;
    if (request.method === 'GET' && position !== undefined) {
      request.headers.set('Await-Log-Position', String(position));
    }
    return request;
  },
  onResponse({ request, response }) {
    const position = response.headers.get('log-position');
    if (request.method !== 'GET' && position !== null) positions.saw(Number(position));
    if (response.status === 401) session.expire(request.headers.get('authorization'));
    // Only somebody who was erased is told that: nothing is left to be signed in for.
    if (response.status === 410 && request.headers.has('authorization')) leaveForGood();
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return RequestFailed.unreachable(error);
  },
});

/** The body of an answer; a `RequestFailed` when there is none. */
export async function answer<T extends Record<string | number, unknown>, O, M extends MediaType>(
  call: Promise<FetchResponse<T, O, M>>,
): Promise<NonNullable<FetchResponse<T, O, M>['data']>> {
  const { data, error, response } = await call;
  if (error !== undefined || !response.ok) throw RequestFailed.of(response, error);
  return data as NonNullable<typeof data>;
}
