import { ErrorResponse, UserManager, WebStorageStateStore } from 'oidc-client-ts';

import type { OidcClient } from '@/session/config';
import type { User } from '@/session/session';

import { NotSignedIn } from './way-back';

function manager({ authority, client_id, audience }: OidcClient): UserManager {
  return new UserManager({
    authority,
    client_id,
    redirect_uri: `${window.location.origin}/sign-in`,
    response_type: 'code',
    scope: 'openid email profile',
    // Who does not know it passes it over (RFC 6749, section 3.1).
    extraQueryParams: { audience },
    // What is kept between leaving and coming back belongs to this tab.
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
    userStore: new WebStorageStateStore({ store: sessionStorage }),
    automaticSilentRenew: false,
  });
}

/** Leaves for the provider; `back` is where to go after coming back. */
export async function leaveFor(client: OidcClient, back: string): Promise<void> {
  await manager(client).signinRedirect({ state: back });
}

/** Who came back from the provider with a code. */
export interface Returned {
  token: string;
  expiresInSeconds: number;
  user: User;
  /** Where they wanted to go. */
  back: string | null;
}

/** Turns the code into who it is. */
export async function comeBack(client: OidcClient): Promise<Returned> {
  const users = manager(client);
  const user = await users.signinCallback(window.location.href).catch((error: unknown) => {
    throw new NotSignedIn(error instanceof ErrorResponse ? pathOf(error.state) : null, error);
  });
  if (user === undefined) throw new Error('the provider sent nobody back');
  const { access_token, expires_in = 3600, state } = user;
  // The session is ours from here on; the library keeps nothing.
  await users.removeUser();
  return {
    token: access_token,
    expiresInSeconds: expires_in,
    user: userOf(access_token, client.roles_claim),
    back: pathOf(state),
  };
}

/** The path that was given along on leaving. */
function pathOf(state: unknown): string | null {
  return typeof state === 'string' ? state : null;
}

/** Whom a token is for. It is only shown: the API itself checks the token. */
export function userOf(token: string, rolesClaim: string[]): User {
  const claims = JSON.parse(decode(token.split('.')[1] ?? '')) as Record<string, unknown>;
  const found = rolesClaim.reduce<unknown>((place, name) => (isObject(place) ? place[name] : undefined), claims);
  const roles: unknown[] = Array.isArray(found) ? found : [];
  return {
    id: typeof claims.sub === 'string' ? claims.sub : '',
    email: typeof claims.email === 'string' ? claims.email : null,
    roles: (['auditor', 'operator'] as const).filter((role) => roles.includes(role)),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function decode(base64url: string): string {
  const bytes = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}
