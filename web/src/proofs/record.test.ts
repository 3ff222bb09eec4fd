import { expect, test } from 'vitest';

import { Malformed, toHex } from './bytes';
import { parseEvent, rawMembers } from './record';
import { leafHash } from './tree';

/** The example of docs/AUDIT.md, as the API would answer it. */
const EVENT = `{"position":42,"event_id":"0199f0c0-0000-7000-8000-00000000002a","aggregate_type":"Avatar",
  "aggregate_id":"0199f0c0-0000-7000-8000-000000000001","sequence":3,"event_type":"ProfileChanged","event_version":"1",
  "recorded_at":"2026-11-22T15:00:00.123456Z","payload":{"type": "ProfileChanged","age":26},"metadata":{"actor":"user:Zoë"},
  "state_before":null,"state_after":{"payload":"another"}}`;

const RECORD = [
  '01000000000000002a0199f0c000007000800000000000002a00000006417661',
  '7461720000002430313939663063302d303030302d373030302d383030302d30',
  '303030303030303030303100000000000000030000000e50726f66696c654368',
  '616e6765640000000131000000237b2274797065223a202250726f66696c6543',
  '68616e676564222c22616765223a32367d000000157b226163746f72223a2275',
  '7365723a5a6fc3ab227d000660debb359e40',
].join('');

test('an event has the record and the hash that the documentation shows', async () => {
  const { position, record } = parseEvent(EVENT);
  expect(position).toBe(42);
  expect(toHex(record)).toBe(RECORD);
  expect(toHex(await leafHash(record))).toBe('53ca0a2426d9957d8525340aaf7ab456f0ea7456c38ea1146545898bb99428ea');
});

test('values are taken as they are written', () => {
  expect(Object.fromEntries(rawMembers(' { "a" : { "b" : [1, {"c":"}\\"]"}] } , "\\u0064":-1.50e2 ,"e":"x,y" }'))).toEqual({
    a: '{ "b" : [1, {"c":"}\\"]"}] }',
    d: '-1.50e2',
    e: '"x,y"',
  });
  expect(rawMembers('{ }').size).toBe(0);
  expect(Object.fromEntries(rawMembers('{"last":{}}'))).toEqual({ last: '{}' });
});

test.each([
  ['no JSON', 'position 42', 'not JSON'],
  ['no object', '[42]', 'not a JSON object'],
  ['a member is missing', '{"position":42}', 'no “event_id”'],
  ['a position that is none', EVENT.replace('42', '0'), '“position”'],
  ['a time elsewhere', EVENT.replace('123456Z', '123456+01:00'), '“recorded_at”'],
  ['more than microseconds', EVENT.replace('123456Z', '123456789Z'), '“recorded_at”'],
  ['an id that is none', EVENT.replace('0199f0c0-0000-7000-8000-00000000002a', '42'), '“event_id”'],
])('what is no event is told: %s', (_, text, why) => {
  expect(() => parseEvent(text)).toThrow(Malformed);
  expect(() => parseEvent(text)).toThrow(why);
});

test('times without a fraction, and with a short one, are whole', () => {
  const bytesOf = (time: string) => toHex(parseEvent(EVENT.replace('2026-11-22T15:00:00.123456Z', time)).record).slice(-16);
  expect(bytesOf('1970-01-01T00:00:01Z')).toBe('00000000000f4240');
  expect(bytesOf('1970-01-01T00:00:00.5Z')).toBe('000000000007a120');
  expect(bytesOf('1969-12-31T23:59:59.999999Z')).toBe('ffffffffffffffff');
});
