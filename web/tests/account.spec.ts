import { readFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import { expect, expectAccessible, shoot, signIn, test } from './support/person';
import { askForPhoto, enter, subscriber, until } from './support/subscriber';

test('a person takes all their data along, and is erased for ever', async ({ page, request }) => {
  test.setTimeout(180_000);
  const eve = await subscriber(request);
  const { id } = await askForPhoto(request, eve, 'at a lighthouse');
  await until(request, eve, id, 'delivered');
  await enter(page, eve);
  await page.goto('/account');
  await expect(page.getByRole('heading', { name: 'Your data' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'account');

  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download my data' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('my-data-from-ava.json');
  const data = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    person: { id: string; email: string };
    photos: { id: string; scene?: string }[];
    events: { event_type: string }[];
  };
  expect(data.person).toEqual({ id: eve.id, email: eve.email });
  expect(data.photos.map((photo) => photo.id)).toContain(id);
  expect(data.events.map((event) => event.event_type)).toContain('DataExported');
  await expect(page.getByText('Your file is in your downloads.')).toBeVisible();

  await page.getByRole('button', { name: 'Erase me …' }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Erase everything of yours?' });
  await expect(dialog).toContainText('invoices');
  await expectAccessible(page);
  await shoot(page, 'erase-dialog');
  await dialog.getByRole('button', { name: 'Erase me for ever' }).click();
  await expect(dialog.getByRole('alert')).toContainText(eve.email);
  await expectAccessible(page);
  // Whoever changes their mind loses nothing.
  await dialog.getByRole('button', { name: 'Keep my account' }).click();
  await expect(dialog).toBeHidden();
  expect((await request.get('/avatars/me', { headers: eve.headers })).status()).toBe(200);

  await page.getByRole('button', { name: 'Erase me …' }).click();
  await dialog.getByRole('textbox').fill(eve.email);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/goodbye$/);
  await expect(page.getByRole('heading', { name: 'You are erased' })).toBeVisible();
  expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
  await expectAccessible(page);
  await shoot(page, 'goodbye');

  // The token would still be good, and the same address leads to nobody.
  const refused = await request.post('/photos', { headers: eve.headers, data: { scene: 'at a lighthouse' } });
  expect(refused.status()).toBe(410);
  expect(((await refused.json()) as { code: string }).code).toBe('person-erased');
  expect((await request.get(`/photos/${id}`, { headers: eve.headers })).status()).not.toBe(200);
  await page.getByRole('link', { name: 'Go to the start' }).click();
  await page.getByLabel('Your e-mail address').fill(eve.email);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('erased');
  await expectAccessible(page);
});

test('whoever was erased elsewhere is led out, and an auditor still proves the log', async ({ page, request }) => {
  test.setTimeout(120_000);
  const email = await signIn(page);
  await expect(page).toHaveURL(/avatar-setup/);
  const token = (await (await request.post('/dev/token', { data: { email } })).json()) as { access_token: string };
  const headers = { Authorization: `Bearer ${token.access_token}` };
  expect((await request.delete('/me', { headers })).status()).toBe(204);
  await page.goto('/account');
  await expect(page).toHaveURL(/\/goodbye$/);

  await signIn(page, ['auditor']);
  const erased = await erasureOf(page);
  await page.goto(`/audit?event=${erased}`);
  await page.getByRole('link', { name: 'Prove that it is in the log' }).click();
  await page.getByLabel('Public key of the log').fill(process.env.AVA_AUDIT_KEY ?? '');
  // The checkpoint over it is signed some seconds later.
  await expect(async () => {
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByRole('button', { name: 'Prove that it is in the log' }).click();
    await expect(page.getByRole('heading', { name: 'Proof verified in this browser' })).toBeVisible({ timeout: 5000 });
  }).toPass({ timeout: 90_000 });
});

test('an operator erases somebody who asked for it otherwise', async ({ page, request }) => {
  test.setTimeout(120_000);
  const eve = await subscriber(request);
  await signIn(page, ['operator']);
  await page.goto(`/operator?view=people&id=${eve.id}`);
  await page.getByRole('button', { name: 'Erase this person …' }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Erase this person?' });
  await dialog.getByRole('button', { name: 'Erase for ever' }).click();
  await expect(dialog.getByRole('alert')).toContainText('id');
  await expectAccessible(page);
  await shoot(page, 'operator-erase');
  await dialog.getByRole('textbox').fill(eve.id);
  await dialog.getByRole('button', { name: 'Erase for ever' }).click();
  await expect(page.getByText('This person is erased.')).toBeVisible();
  const refused = await request.patch('/avatars/me', { headers: eve.headers, data: { age: 30 } });
  expect(refused.status()).toBe(410);
});

/** Where in the log the newest erasure stands, as the signed-in auditor is told. */
async function erasureOf(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { token } = JSON.parse(localStorage.getItem('ava.session') ?? '{}') as { token: string };
    const answer = await fetch('/audit/events?event_type=PersonErased&limit=100', { headers: { Authorization: `Bearer ${token}` } });
    const { items } = (await answer.json()) as { items: { position: number }[] };
    return items.at(-1)?.position ?? 0;
  });
}
