/** A value as JSON has it. */
export type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

/** A field that differs, in the shape in which the API tells it. */
export interface Change {
  /** Where, as a JSON pointer (RFC 6901). */
  path: string;
  /** Not there when the field was added. */
  before?: Json;
  /** Not there when the field was removed. */
  after?: Json;
}

/**
 * What differs between two values, in the order of the fields before it. Goes into objects and lists of both; `undefined`
 * is the state of what does not exist.
 */
export function difference(before: Json | undefined, after: Json | undefined, path = ''): Change[] {
  if (before === undefined) return after === undefined ? [] : [{ path, after }];
  if (after === undefined) return [{ path, before }];
  if (Array.isArray(before) && Array.isArray(after)) return fields(Object.fromEntries(before.entries()), Object.fromEntries(after.entries()), path);
  if (isObject(before) && isObject(after)) return fields(before, after, path);
  return before === after ? [] : [{ path, before, after }];
}

/**
 * The same for the states of an aggregate at any two points, as the API tells it for a single event. Most are one of several kinds, written as `{"Generating": {…}}` or
 * `"Absent"`: then the kind is told as a field of its own, and the fields of both kinds are compared with each other.
 * What did not exist is compared as if it had been empty, so that each of its fields stands by itself.
 */
export function stateDifference(before: Json | undefined, after: Json | undefined): Change[] {
  const [was, is] = [kindOf(before ?? undefined), kindOf(after ?? undefined)];
  if (is !== undefined && (was !== undefined || before === undefined || before === null)) {
    return [...difference(was?.kind, is.kind, '/kind'), ...difference(was?.fields ?? {}, is.fields)];
  }
  if ((before === undefined || before === null) && after !== undefined && isObject(after)) return difference({}, after);
  return difference(before, after);
}

/** The kind that a state is of, when it is of one. */
function kindOf(state: Json | undefined): { kind: string; fields: Json } | undefined {
  const isKind = (name: string) => /^[A-Z][A-Za-z]*$/.test(name);
  if (typeof state === 'string') return isKind(state) ? { kind: state, fields: {} } : undefined;
  if (state === undefined || !isObject(state)) return undefined;
  const [only, ...more] = Object.entries(state);
  return only !== undefined && more.length === 0 && isKind(only[0]) ? { kind: only[0], fields: only[1] } : undefined;
}

type Fields = Record<string, Json>;

function fields(before: Fields, after: Fields, path: string): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => difference(own(before, name), own(after, name), `${path}/${escaped(name)}`));
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
