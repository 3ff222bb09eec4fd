import { queryOptions } from '@tanstack/react-query';

import { answer, api } from './client';

/** The paths that this server answers. One that is older than this client lacks some. */
export const offeredQuery = queryOptions({
  queryKey: ['offered'],
  queryFn: async ({ signal }) => {
    const document = (await answer(api.GET('/openapi.json', { signal }))) as { paths?: Record<string, unknown> };
    return Object.keys(document.paths ?? {});
  },
});
