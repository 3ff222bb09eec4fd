/** A value as JSON has it. */
export type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

export interface Change {
  /** Where, as a JSON pointer (RFC 6901). */
  pointer: string;
  kind: 'added' | 'removed' | 'changed';
  before?: Json;
  after?: Json;
}

/**
 * What an event changed in a state, in the order of the fields before it. Goes into objects and lists of both; `undefined`
 * is the state of what does not exist.
 */
export function difference(before: Json | undefined, after: Json | undefined, pointer = ''): Change[] {
  if (before === undefined) return after === undefined ? [] : [{ pointer, kind: 'added', after }];
  if (after === undefined) return [{ pointer, kind: 'removed', before }];
  if (Array.isArray(before) && Array.isArray(after)) return fields(Object.fromEntries(before.entries()), Object.fromEntries(after.entries()), pointer);
  if (isObject(before) && isObject(after)) return fields(before, after, pointer);
  return before === after ? [] : [{ pointer, kind: 'changed', before, after }];
}

type Fields = Record<string, Json>;

function fields(before: Fields, after: Fields, pointer: string): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => difference(own(before, name), own(after, name), `${pointer}/${escaped(name)}`));
}

/** Not what every object inherits, as `constructor`. */
function own(object: Fields, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(json: Json): json is Fields {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
