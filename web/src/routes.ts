import type { RouteObject } from 'react-router';

/**
 * What a page says of itself in `pages/<page>/route.ts`. Whoever adds a page adds a folder, and touches nothing else.
 */
export interface PageRoute {
  /** As `/gallery`. */
  path: string;
  /** Who may see it. `designed`: those whose companion has an approved picture; anybody else is sent to make one. */
  for: 'everybody' | 'signed-in' | 'designed' | 'auditor' | 'operator';
  /** Its place in the navigation, from the left; none for a page that is reached otherwise. */
  nav?: { label: string; order: number };
  /** `bare`: without the navigation. */
  frame?: 'bare';
  /** Loads the page. Its module exports `Component`. */
  page: () => Promise<{ Component: React.ComponentType }>;
  /** Below it, relative to its path. */
  children?: RouteObject[];
}

const modules = import.meta.glob<{ route: PageRoute }>('./pages/*/route.ts', { eager: true });

/** Every page. */
export const pageRoutes: PageRoute[] = Object.values(modules).map((module) => module.route);
