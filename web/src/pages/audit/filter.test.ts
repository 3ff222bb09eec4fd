import { expect, test } from 'vitest';

import { asParameters, asQuery, faults, filterIn } from './filter';

const nothing = filterIn(new URLSearchParams());

test('an address without filters asks for everything', () => {
  expect(asQuery(nothing)).toEqual({});
  expect(faults(nothing)).toEqual({});
});

test('what is asked for survives the address, and nothing else of it is asked', () => {
  const filter = { ...nothing, event_type: ' PhotoDelivered ', after: '1204' };
  const address = new URLSearchParams({ ...asParameters(filter), view: 'events', event: '1210' });
  expect(filterIn(address)).toEqual({ ...nothing, event_type: 'PhotoDelivered', after: '1204' });
  expect(asQuery(filterIn(address))).toEqual({ event_type: 'PhotoDelivered', after: 1204 });
});

test('the newest come first when that is asked for', () => {
  expect(asQuery({ ...nothing, order: 'desc' })).toEqual({ order: 'desc' });
});

test('times are of UTC, with and without seconds', () => {
  expect(asQuery({ ...nothing, from: '2026-11-26T06:20', to: '2026-11-26T06:20:11' })).toEqual({
    from: '2026-11-26T06:20:00Z',
    to: '2026-11-26T06:20:11Z',
  });
});

test('what cannot be meant is told at its field', () => {
  expect(Object.keys(faults({ ...nothing, after: '-3' }))).toEqual(['after']);
  expect(Object.keys(faults({ ...nothing, from: '2026-11-26T06:20', to: '2026-11-26T06:20' }))).toEqual(['to']);
});
