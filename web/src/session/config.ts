import { queryOptions } from '@tanstack/react-query';

import { RequestFailed } from '@/api/problem';

/** How people sign in here, as `GET /config.json` tells it. */
export interface SignInWays {
  development: boolean;
  oidc: OidcClient | null;
}

export interface OidcClient {
  authority: string;
  client_id: string;
  /** For whom access tokens must be meant; some providers want to be told. */
  audience: string;
  /** Where in a token the roles stand, from the outside in. */
  roles_claim: string[];
}

export const signInWaysQuery = queryOptions({
  queryKey: ['sign-in-ways'],
  queryFn: async ({ signal }): Promise<SignInWays> => {
    const response = await fetch('/config.json', { signal }).catch((error: unknown) => {
      throw RequestFailed.unreachable(error);
    });
    if (!response.ok) throw RequestFailed.of(response, undefined);
    const config = (await response.json()) as { sign_in: SignInWays };
    return config.sign_in;
  },
});
