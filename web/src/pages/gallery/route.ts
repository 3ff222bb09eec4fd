import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/gallery',
  for: 'designed',
  nav: { label: 'Gallery', order: 2 },
  page: () => import('./gallery'),
};
