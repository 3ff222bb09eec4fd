import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Where `ava up` answers, for `npm run dev`.
const api = process.env.API_URL ?? 'http://127.0.0.1:8080';

// What the API serves; a page that has the same path is told apart by what the browser accepts.
const paths = ['/avatars', '/photos', '/chat', '/billing', '/updates', '/me', '/audit', '/admin', '/dev', '/config.json'];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    proxy: Object.fromEntries(
      paths.map((path) => [
        path,
        {
          target: api,
          bypass: (request: IncomingMessage) =>
            request.headers.accept?.includes('text/html') === true ? '/index.html' : undefined,
        },
      ]),
    ),
  },
  build: {
    target: 'es2022',
    manifest: true,
    // Inlined pieces would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});
