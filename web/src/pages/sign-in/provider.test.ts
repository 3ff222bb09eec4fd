import { expect, test } from 'vitest';

import { userOf } from './provider';

const token = (claims: object) => {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const base64 = btoa(String.fromCharCode(...bytes));
  return `e30.${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.x`;
};

test('a token tells whom it is for, and only roles that there are', () => {
  expect(userOf(token({ sub: 'u-1', email: 'ü@bücher.example', roles: ['operator', 'emperor'] }), ['roles'])).toEqual({
    id: 'u-1',
    email: 'ü@bücher.example',
    roles: ['operator'],
  });
  expect(userOf(token({ sub: 'u-2' }), ['roles'])).toEqual({ id: 'u-2', email: null, roles: [] });
  const nested = token({ sub: 'u-3', roles: ['operator'], app_metadata: { roles: ['auditor'] } });
  expect(userOf(nested, ['app_metadata', 'roles']).roles).toEqual(['auditor']);
  expect(userOf(nested, ['app_metadata', 'roles', 'deeper']).roles).toEqual([]);
});
