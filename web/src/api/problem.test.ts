import { expect, test } from 'vitest';

import { RequestFailed, fieldErrors } from './problem';

const problem = (errors: { pointer?: string; detail: string }[]) =>
  RequestFailed.of(new Response(null, { status: 422 }), {
    type: '/problems/invalid-body',
    title: 'The body is not valid',
    status: 422,
    detail: 'age must be a whole number',
    code: 'invalid-body',
    request_id: 'r-1',
    errors,
  });

test('a problem names the request, and every field with what to write instead', () => {
  const failed = problem([
    { pointer: '/age', detail: 'must be a whole number from 20 to 120' },
    { pointer: '/name', detail: 'must have 1 to 100 characters' },
    { detail: 'about a header' },
  ]);
  expect(failed.requestId).toBe('r-1');
  expect(fieldErrors(failed)).toEqual({
    age: 'It must be a whole number from 20 to 120.',
    name: 'It must have 1 to 100 characters.',
  });
});

test('two errors of one field are both told, and those inside of a field belong to it', () => {
  const failed = problem([
    { pointer: '/survey/reason', detail: 'is unknown' },
    { pointer: '/survey', detail: 'is too long' },
  ]);
  expect(fieldErrors(failed)).toEqual({ survey: 'It is unknown. It is too long.' });
});

test('anything else has no fields', () => {
  expect(fieldErrors(new Error('no'))).toEqual({});
  expect(fieldErrors(null)).toEqual({});
});

test('an answer that is no problem is still told with its request', () => {
  const response = new Response('<html>', { status: 502, headers: { 'X-Request-Id': 'r-2', 'Retry-After': '3' } });
  const failed = RequestFailed.of(response, '<html>');
  expect(failed).toMatchObject({ code: 'unexpected-answer', status: 502, requestId: 'r-2', retryAfter: 3 });
});

test('what nobody answered, and what the server could not do, may be sent again; a refusal may not', () => {
  expect(RequestFailed.unreachable(new TypeError('failed')).isUncertain).toBe(true);
  expect(RequestFailed.of(new Response(null, { status: 503 }), undefined).isUncertain).toBe(true);
  expect(problem([]).isUncertain).toBe(false);
});
