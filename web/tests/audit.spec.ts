import { EVIDENCE } from '../src/proofs/evidence';
import { expect, expectAccessible, shoot, signIn, test } from './support/person';

test('whoever is no auditor is told so, and sees nothing of it', async ({ page }) => {
  await signIn(page);
  await page.goto('/audit');
  await expect(page.getByRole('heading', { name: 'This page is for auditors' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Audit' })).toHaveCount(0);
  await expectAccessible(page);
});

test('what the server does not offer yet is absent, not broken', async ({ page }) => {
  await signIn(page, ['auditor']);
  const { paths } = (await (await page.request.get('/openapi.json')).json()) as { paths: Record<string, unknown> };
  for (const [view, name, path] of [
    ['events', 'Events', '/audit/events'],
    ['as-of', 'As of then', '/audit/aggregates/{type}/{id}/state'],
    ['causes', 'Causes', '/audit/events'],
    ['checkpoint', 'Checkpoint', '/audit/checkpoint'],
  ] as const) {
    await page.goto(`/audit?view=${view}`);
    await expect(page.getByRole('link', { name, exact: true })).toHaveAttribute('aria-current', 'page');
    await expect(page.getByText('is on its way')).toHaveCount(0);
    const absent = page.getByRole('heading', { name: `${name}: not offered by this server yet` });
    await expect(absent).toHaveCount(path in paths ? 0 : 1);
    await expectAccessible(page);
    await shoot(page, `audit-${view}-first`);
  }
});

test('an auditor sees how far the read models agree with the log', async ({ page }) => {
  await signIn(page, ['auditor']);
  await page.goto('/audit');
  await page.getByRole('link', { name: 'Read models' }).click();
  const row = page.getByRole('row', { name: /^photos/ });
  await expect(row.getByText('running')).toBeVisible();
  await expect(page.getByText(/As of \d\d:\d\d:\d\d UTC/)).toBeVisible();
  await page.getByRole('button', { name: 'Look again' }).click();
  await expect(row.getByText('running')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'audit-read-models');

  await page.reload();
  await expect(row.getByText('running')).toBeVisible();
});

test('a proof is verified in the browser, with nobody to ask', async ({ page, context }) => {
  await signIn(page, ['auditor']);
  await page.goto('/audit?view=proof');
  await expectAccessible(page);
  await page.getByLabel('Public key of the log').fill(EVIDENCE.key);
  await page.getByLabel('Checkpoint', { exact: true }).fill(EVIDENCE.eight);
  await page.getByLabel('Proof', { exact: true }).fill(JSON.stringify(EVIDENCE.inclusion, null, 2));
  const check = page.getByRole('button', { name: 'Check it in this browser' });
  await context.setOffline(true);
  await check.click();
  await expect(page.getByRole('heading', { name: 'Proof verified in this browser' })).toBeVisible();
  await expect(page.getByText('The event at position 6')).toBeVisible();
  await context.setOffline(false);
  await expectAccessible(page);
  await shoot(page, 'audit-proof');

  // The same for another event is a lie.
  await page.getByLabel('Proof', { exact: true }).fill(JSON.stringify({ ...EVIDENCE.inclusion, position: 5 }));
  await expect(page.getByRole('heading', { name: 'Proof verified in this browser' })).toHaveCount(0);
  await check.click();
  await expect(page.getByRole('heading', { name: 'The proof does not hold' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'audit-proof-broken');

  await page.getByLabel('Proof', { exact: true }).fill(JSON.stringify(EVIDENCE.consistency));
  await page.getByLabel('The earlier checkpoint').fill('copied badly');
  await check.click();
  await expect(page.getByText('There is no blank line before the signatures.')).toBeVisible();
  await page.getByLabel('The earlier checkpoint').fill(EVIDENCE.six);
  await check.click();
  await expect(page.getByText('The first 6 events are among the 8 unchanged.')).toBeVisible();
});
