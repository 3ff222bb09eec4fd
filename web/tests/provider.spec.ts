import type { Page } from '@playwright/test';

import { expect, expectAccessible, test as base } from './support/person';
import { type Started, startAva } from './support/system';

/** A system whose tokens come from the provider that the sandbox plays. */
const test = base.extend<object, { ava: Started }>({
  ava: [
    // Playwright reads from the braces that nothing else is needed.
    // eslint-disable-next-line no-empty-pattern
    async ({}, provide) => {
      const ava = await startAva({
        AUTH_ISSUER: 'sandbox',
        AUTH_WEB_CLIENT_ID: 'ava-web',
        AUTH_ROLES_CLAIM: 'app_metadata.roles',
      });
      await provide(ava);
      await ava.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  baseURL: async ({ ava }, provide) => provide(ava.api),
});

test.beforeEach(async ({ ava, request }) => {
  await control(ava, request, 'default', { roles_claim: 'app_metadata.roles', away: false });
});

async function control(ava: Started, request: Page['request'], path: string, order: object): Promise<void> {
  expect((await request.post(`${ava.sandbox}/control/oidc/${path}`, { data: order })).ok()).toBe(true);
}

/** Signs in at the provider's page. */
async function signInThere(page: Page, email: string, roles = ''): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in to ava-web' })).toBeVisible();
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Roles').fill(roles);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('somebody signs in at an identity provider, and is back where they wanted to go', async ({ page }) => {
  const email = `oidc-${Date.now()}@example.com`;
  await page.goto('/account');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByLabel('Your e-mail address')).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in to ava-web' })).toBeVisible();
  await expectAccessible(page);
  await page.goBack();
  await signInThere(page, email);
  await expect(page).toHaveURL(/\/account$/);
  await expect(page.getByText(email)).toBeVisible();
  await expect(page.getByRole('link', { name: 'Operator' })).toHaveCount(0);
});

test('a role counts where the settings say that roles stand', async ({ page }) => {
  await page.goto('/operator');
  await signInThere(page, `operator-${Date.now()}@example.com`, 'operator');
  await expect(page).toHaveURL(/\/operator/);
  await expect(page.getByRole('heading', { name: 'This page is for operators' })).toHaveCount(0);
  // The server agrees: its figures are for operators only.
  const token = await page.evaluate(() => (JSON.parse(localStorage.getItem('ava.session') ?? '{}') as { token: string }).token);
  const figures = await page.request.get('/admin/metrics', { headers: { Authorization: `Bearer ${token}` } });
  expect(figures.status()).toBe(200);
});

test('whoever goes back at the provider is told, and can try again', async ({ page }) => {
  await page.goto('/account');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Go back' }).click();
  await expect(page.getByText('The sign-in did not work out')).toBeVisible();
  await signInThere(page, `second-try-${Date.now()}@example.com`);
  await expect(page).toHaveURL(/\/account$/);
});

test('a provider may sign with another key from one moment to the next', async ({ page, request, ava }) => {
  for (const order of [{ algorithm: 'EdDSA' }, { withdraw: true }]) {
    await control(ava, request, 'rotate', order);
    const email = `rotated-${Date.now()}@example.com`;
    await page.goto('/account');
    await signInThere(page, email);
    await expect(page).toHaveURL(/\/account$/);
    await expect(page.getByText(email)).toBeVisible();
    await page.evaluate(() => localStorage.clear());
  }
});
