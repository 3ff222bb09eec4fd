/** Where to go after the sign-in: a path of this site, never another one. */
export function wayBack(back: string | null): string {
  if (back === null) return '/';
  try {
    const url = new URL(back, window.location.origin);
    const ours = url.origin === window.location.origin && back.startsWith('/') && url.pathname !== '/sign-in';
    return ours ? url.pathname + url.search + url.hash : '/';
  } catch {
    return '/';
  }
}

/** Somebody came back from the provider and is not signed in; they still want to go `back`. */
export class NotSignedIn extends Error {
  constructor(
    readonly back: string | null,
    cause: unknown,
  ) {
    super('the provider let nobody in', { cause });
  }
}

/** The sign-in page that leads there. */
export function signInFor(back: string | null): string {
  return `/sign-in?${new URLSearchParams({ back: wayBack(back) }).toString()}`;
}
