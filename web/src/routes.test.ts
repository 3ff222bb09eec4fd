import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { pageRoutes } from './routes';

test('the API lets browsers reach every page', () => {
  const source = readFileSync('../api/src/web_client.rs', 'utf8');
  const list = /pub const PAGES: &\[&str\] = &\[([^\]]*)\]/.exec(source)?.[1] ?? '';
  const known = Array.from(list.matchAll(/"([^"]*)"/g), ([, segment]) => segment);
  const firsts = pageRoutes.map(({ path }) => path.split('/')[1]);
  expect(firsts.length).toBeGreaterThan(4);
  for (const first of firsts) expect(known).toContain(first);
});
