import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/avatar-setup',
  for: 'signed-in',
  page: () => import('./avatar-setup'),
};
