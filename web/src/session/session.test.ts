import { beforeEach, expect, test, vi } from 'vitest';

import { Session } from './session';

const user = { id: 'u-1', email: 'ada@example.com', roles: [] };

beforeEach(() => localStorage.clear());

test('a session survives a reload and ends when its time is over', () => {
  let now = 1000;
  const clock = () => now;
  new Session(localStorage, clock).signIn('token', 60, user);

  const later = new Session(localStorage, clock);
  expect(later.token).toBe('token');
  expect(later.state).toEqual({ status: 'in', user });

  now += 60_000;
  expect(later.token).toBeUndefined();
  expect(later.state).toEqual({ status: 'out', expired: true });
  expect(localStorage.length).toBe(0);
});

test('signing out is no expiry', () => {
  const session = new Session(localStorage);
  session.signIn('token', 60, user);
  const heard = vi.fn();
  session.subscribe(heard);
  session.signOut();
  expect(session.state).toEqual({ status: 'out', expired: false });
  expect(heard).toHaveBeenCalledOnce();
});

test('credentials that are no longer accepted end the session, but not one that has begun since', () => {
  const session = new Session(localStorage);
  session.signIn('new', 60, user);
  session.expire('Bearer old');
  expect(session.state.status).toBe('in');
  session.expire('Bearer new');
  expect(session.state).toEqual({ status: 'out', expired: true });
});

test('what another tab does counts here', () => {
  const session = new Session(localStorage);
  session.followOtherTabs(window);
  new Session(localStorage).signIn('token', 60, user);
  window.dispatchEvent(new StorageEvent('storage', { key: 'ava.session' }));
  expect(session.token).toBe('token');
});

test('a stored text that is no session is nobody', () => {
  localStorage.setItem('ava.session', '{"token":');
  expect(new Session(localStorage).state).toEqual({ status: 'out', expired: false });
});
