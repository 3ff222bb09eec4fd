export interface Hour {
  /** When it began, in milliseconds since 1970. */
  at: number;
  count: number;
}

const HOUR_MS = 3_600_000;

/** The last 24 hours, the running one last; what the server left out is nothing. */
export function lastDay(counted: readonly { hour: string; count: number }[], measuredAt: string): Hour[] {
  const counts = new Map(counted.map(({ hour, count }) => [Date.parse(hour), count]));
  const running = Math.floor(Date.parse(measuredAt) / HOUR_MS) * HOUR_MS;
  return Array.from({ length: 24 }, (_, index) => {
    const at = running - (23 - index) * HOUR_MS;
    return { at, count: counts.get(at) ?? 0 };
  });
}

/** `06:00` in UTC. */
export function hourOf(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

/** What a scale ends at: the next 1, 2 or 5 times a power of ten. */
export function scaleEnd(highest: number): number {
  if (highest <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 5, 10].map((step) => step * power).find((end) => end >= highest) ?? highest;
}
