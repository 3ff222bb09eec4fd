import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/chat',
  for: 'designed',
  nav: { label: 'Chat', order: 1 },
  page: () => import('./chat'),
};
