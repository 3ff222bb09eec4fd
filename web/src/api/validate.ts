/** What the API says of a field in its document. */
interface Limit {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What is wrong with a field, in the API's own words; nothing when nothing is. */
export function complaint(limit: Limit, value: string): string | undefined {
  if (limit.minimum !== undefined || limit.maximum !== undefined) return ofNumber(limit, value);
  // Characters as the API counts them, not UTF-16's halves.
  const length = Array.from(value.trim()).length;
  const { minLength = 0, maxLength = Infinity } = limit;
  if (length < minLength && length === 0) return `It must not be empty; write ${minLength} to ${maxLength} characters.`;
  if (length < minLength) return `It must have at least ${minLength} characters.`;
  if (length > maxLength) return `It must have at most ${maxLength} characters; these are ${length}.`;
  return undefined;
}

function ofNumber({ minimum = -Infinity, maximum = Infinity }: Limit, value: string): string | undefined {
  const number = Number(value);
  const fits = value.trim() !== '' && Number.isInteger(number) && number >= minimum && number <= maximum;
  return fits ? undefined : `It must be a whole number from ${minimum} to ${maximum}.`;
}

/** Everything that is wrong with a form's fields. */
export function complaints<Field extends string>(
  limits: Readonly<Record<Field, Limit>>,
  values: Readonly<Record<NoInfer<Field>, string>>,
): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  for (const field of Object.keys(limits) as Field[]) {
    const about = complaint(limits[field], values[field]);
    if (about !== undefined) found[field] = about;
  }
  return found;
}
