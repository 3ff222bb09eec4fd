import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/account',
  for: 'signed-in',
  nav: { label: 'Account', order: 3 },
  page: () => import('./account'),
};
