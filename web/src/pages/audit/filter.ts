/** Which events of the log to show. Empty texts ask for nothing. */
export interface Filter {
  after: string;
  aggregate_type: string;
  aggregate_id: string;
  event_type: string;
  actor: string;
  correlation_id: string;
  /** As `2026-11-26T06:20`, in UTC. */
  from: string;
  to: string;
  /** Empty for the order of the log, `desc` for the newest first. */
  order: string;
}

export const FIELDS = [
  'after',
  'aggregate_type',
  'aggregate_id',
  'event_type',
  'actor',
  'correlation_id',
  'from',
  'to',
  'order',
] as const satisfies readonly (keyof Filter)[];

/** What the address asks for. */
export function filterIn(parameters: URLSearchParams): Filter {
  return Object.fromEntries(FIELDS.map((field) => [field, parameters.get(field) ?? ''])) as unknown as Filter;
}

/** The address that asks for it; what is empty is left out. */
export function asParameters(filter: Filter): Record<string, string> {
  const asked = FIELDS.map((field) => [field, filter[field].trim()] as const);
  return Object.fromEntries(asked.filter(([, value]) => value !== ''));
}

/** The same for the API: positions are numbers, and times have a zone. */
export function asQuery(filter: Filter): Record<string, string | number> {
  const { after, from, to, ...rest } = asParameters(filter);
  return {
    ...rest,
    ...(after === undefined ? {} : { after: Number(after) }),
    ...(from === undefined ? {} : { from: inUtc(from) }),
    ...(to === undefined ? {} : { to: inUtc(to) }),
  };
}

/** What is wrong with it, by field; the rest is the server's to say. */
export function faults({ after, from, to }: Filter): Partial<Record<keyof Filter, string>> {
  const wrong: Partial<Record<keyof Filter, string>> = {};
  if (!/^\d{0,15}$/.test(after.trim())) wrong.after = 'A position is a whole number, as 1204.';
  if (from !== '' && to !== '' && from >= to) wrong.to = 'It must be later than the beginning.';
  return wrong;
}

/** `2026-11-26T06:20` → `2026-11-26T06:20:00Z`; fields of browsers leave the seconds out when they are none. */
function inUtc(time: string): string {
  return time.length === 16 ? `${time}:00Z` : `${time}Z`;
}
