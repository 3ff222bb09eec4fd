import { createHash } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, expectAccessible, test } from './support/person';

// The policy of this system allows no provider, since none is configured.
test.use({ bypassCSP: true });

/** An OpenID Connect provider that signs everybody in as the person of `token`, and checks PKCE. */
async function provider(token: string): Promise<{ url: string; server: Server }> {
  let challenge = '';
  let nonce: string | null = null;
  const server = createServer((request, response) => {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const url = new URL(request.url ?? '/', address);
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (url.pathname === '/.well-known/openid-configuration') {
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify({ issuer: address, authorization_endpoint: `${address}/authorize`, token_endpoint: `${address}/token` }),
      );
    } else if (url.pathname === '/authorize') {
      expect(url.searchParams.get('code_challenge_method')).toBe('S256');
      challenge = url.searchParams.get('code_challenge') ?? '';
      nonce = url.searchParams.get('nonce');
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code: 'c-1', state: url.searchParams.get('state') ?? '' }).toString();
      response.writeHead(302, { Location: back.href }).end();
    } else {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const verifier = new URLSearchParams(body).get('code_verifier') ?? '';
        const right = createHash('sha256').update(verifier).digest('base64url') === challenge;
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: address, aud: 'ava-web', sub: 'u', iat: now, exp: now + 600, nonce };
        const id_token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
        response.setHeader('Content-Type', 'application/json');
        response.statusCode = right ? 200 : 400;
        response.end(
          JSON.stringify(
            right ? { access_token: token, token_type: 'Bearer', expires_in: 600, id_token } : { error: 'invalid_grant' },
          ),
        );
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

test('somebody signs in at an identity provider, and is back where they wanted to go', async ({ page, request }) => {
  const email = `oidc-${Date.now()}@example.com`;
  const issued = (await (await request.post('/dev/token', { data: { email } })).json()) as { access_token: string };
  const { url, server } = await provider(issued.access_token);
  await page.route('/config.json', (route) =>
    route.fulfill({ json: { sign_in: { development: false, oidc: { authority: url, client_id: 'ava-web' } } } }),
  );
  await page.goto('/account');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByLabel('Your e-mail address')).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/account$/);
  await expect(page.getByText(email)).toBeVisible();
  server.close();
});
