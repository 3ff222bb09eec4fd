import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { type Page, test as base, expect } from '@playwright/test';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page at the system under test, on which nothing may go wrong unnoticed. */
export const test = base.extend<{ page: Page }>({
  // Playwright reads from the braces that nothing else is needed.
  // eslint-disable-next-line no-empty-pattern
  baseURL: async ({}, provide) => provide(process.env.AVA_URL),
  page: async ({ page }, provide) => {
    const broken: string[] = [];
    page.on('pageerror', (error) => broken.push(error.message));
    page.on('console', (message) => {
      // Chromium itself writes a line for every answer that is a 4xx.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) broken.push(message.text());
    });
    await provide(page);
    expect(broken).toEqual([]);
  },
});

export { expect };

let people = 0;

/** Signs a new person in, through the form. */
export async function signIn(page: Page, roles: ('auditor' | 'operator')[] = []): Promise<string> {
  people += 1;
  const email = `ada-${Date.now()}-${people}@example.com`;
  await page.goto('/sign-in');
  await page.getByLabel('Your e-mail address').fill(email);
  if (roles.length > 0) await page.getByText('For auditors and operators').click();
  for (const role of roles) await page.getByLabel(new RegExp(`${role}:`, 'i')).check();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).not.toHaveURL(/sign-in/);
  return email;
}

/** Designs a companion and approves the first picture. */
export async function design(page: Page): Promise<void> {
  await page.getByLabel('Gender').fill('woman');
  await page.getByLabel('Nationality').fill('French');
  await page.getByLabel('Appearance').fill('Long auburn hair, green eyes, freckles, a warm smile');
  await page.getByRole('button', { name: 'Create Ava and generate photo' }).click();
  await page.getByRole('button', { name: 'Looks perfect' }).click({ timeout: 30_000 });
  await expect(page).toHaveURL(/\/chat$/);
}

/** Pays on the hosted page, and waits until everything is open. */
export async function subscribe(page: Page): Promise<void> {
  await page.goto('/subscribe');
  // The cheapest plan begins with days of trial; the one beside it is paid at once.
  await page.getByRole('button', { name: 'Subscribe' }).nth(1).click();
  await page.getByRole('button', { name: 'Pay and subscribe' }).click();
  await expect(page.getByText('You are subscribed')).toBeVisible({ timeout: 30_000 });
}

interface Violation {
  id: string;
  help: string;
  nodes: { target: unknown }[];
}

/** Nothing on the page keeps anybody out, in either theme. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme);
    // Past the content security policy, as DevTools are.
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const run = (window as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }).axe.run();
      return (await run).violations;
    });
    const told = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.target) }));
    expect(told, `${page.url()} in ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/** Changes the theme, and waits until it is there: the change itself is a transition. */
async function wear(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(() => getComputedStyle(document.body).color);
  const still = () => !document.getAnimations().some((animation) => animation instanceof CSSTransition);
  await page.waitForFunction(still, undefined, { polling: 50, timeout: 10_000 });
}

const SHOTS = process.env.SHOTS;

/** With `SHOTS=directory`: pictures of the page in both themes and widths, to be looked at. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return;
  const before = page.viewportSize();
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await wear(page, colorScheme);
      await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before !== null) await page.setViewportSize(before);
}
