import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/subscribe',
  for: 'signed-in',
  page: () => import('./subscribe'),
};
