/** Addresses are signed for an hour; a little less is certain. */
const GOOD_FOR_MS = 50 * 60_000;

const known = new Map<string, { url: string; until: number }>();

/**
 * Every answer signs a picture's address anew. For as long as the first one works it is used, so that the browser does
 * not fetch the same bytes again.
 */
export function steadyUrl(id: string, url: string, now: number = Date.now()): string {
  const before = known.get(id);
  if (before !== undefined && before.until > now) return before.url;
  known.set(id, { url, until: now + GOOD_FOR_MS });
  return url;
}

/** The address did not work after all. */
export function forgetUrl(id: string): void {
  known.delete(id);
}
