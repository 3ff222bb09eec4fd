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
