import { type Bytes, Malformed, concat, fromHex } from './bytes';

/** What the record begins with: the layout's version. */
const LAYOUT = 1;

/** The event that a text tells of, as far as it matters to its proof. */
export interface ToldEvent {
  position: number;
  /** The bytes that are hashed: what the log has in its columns, one behind the other (docs/AUDIT.md). */
  record: Bytes;
}

/**
 * Reads an event as the API answers it. Payload and metadata are taken from the text as they stand, blanks and order of
 * members included, since that is what was hashed.
 */
export function parseEvent(text: string): ToldEvent {
  const raw = rawMembers(text);
  const member = (name: string): string => {
    const json = raw.get(name);
    if (json === undefined) throw new Malformed(`The event has no “${name}”`);
    return json;
  };
  const string = (name: string): string => {
    const value: unknown = JSON.parse(member(name));
    if (typeof value !== 'string') throw new Malformed(`“${name}” is not a text`);
    return value;
  };
  const count = (name: string): number => {
    const value: unknown = JSON.parse(member(name));
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw new Malformed(`“${name}” is not a whole number from 1`);
    return value;
  };
  const position = count('position');
  const record = concat(
    Uint8Array.of(LAYOUT),
    eightBytes(BigInt(position)),
    uuid(string('event_id')),
    sized(string('aggregate_type')),
    sized(string('aggregate_id')),
    eightBytes(BigInt(count('sequence'))),
    sized(string('event_type')),
    sized(string('event_version')),
    sized(member('payload')),
    sized(member('metadata')),
    eightBytes(microseconds(string('recorded_at'))),
  );
  return { position, record };
}

/** The members of a JSON object, each value as it is written. */
export function rawMembers(text: string): Map<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Malformed('This is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Malformed('This is not a JSON object');
  // From here on it is known to be well-formed.
  const members = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    const name = text.indexOf('"', at);
    const end = text.indexOf('}', at);
    if (name === -1 || (end !== -1 && end < name)) return members;
    const colon = text.indexOf(':', endOfString(text, name));
    const next = endOfValue(text, colon + 1);
    members.set(JSON.parse(text.slice(name, endOfString(text, name))) as string, text.slice(colon + 1, next).trim());
    if (text[next] !== ',') return members;
    at = next + 1;
  }
}

/** Behind the closing quote of the string that begins there. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The comma or brace that ends a member's value. */
function endOfValue(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; ; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth -= 1;
  }
}

function sized(text: string): Bytes {
  const bytes = new TextEncoder().encode(text);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, bytes.length);
  return concat(size, bytes);
}

function eightBytes(number: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, number);
  return bytes;
}

function uuid(text: string): Bytes {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw new Malformed('“event_id” is not a UUID');
  return fromHex(text.replaceAll('-', ''));
}

/** Since 1970; a `Date` alone would lose the last three digits. */
function microseconds(time: string): bigint {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|\+00:00)$/.exec(time);
  const seconds = parts === null ? NaN : Date.parse(`${parts[1] ?? ''}Z`) / 1000;
  if (!Number.isSafeInteger(seconds)) throw new Malformed('“recorded_at” is not a time in UTC, with microseconds at most');
  return BigInt(seconds) * 1_000_000n + BigInt((parts?.[2] ?? '').padEnd(6, '0'));
}
