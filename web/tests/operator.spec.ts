import type { APIRequestContext, Page } from '@playwright/test';

import { expect, expectAccessible, shoot, signIn, test } from './support/person';
import { askForPhoto, drawing, subscriber, until } from './support/subscriber';

test('whoever is no operator is told so, and sees nothing of it', async ({ page }) => {
  await signIn(page, ['auditor']);
  await page.goto('/operator');
  await expect(page.getByRole('heading', { name: 'This page is for operators' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Operator' })).toHaveCount(0);
  await expectAccessible(page);
});

test('an operator sees what waits, and tries a failed photo again', async ({ page, request }) => {
  test.setTimeout(120_000);
  const photo = await failedPhoto(request);
  await signIn(page, ['operator']);
  await page.goto('/operator');
  const waiting = page.getByRole('list', { name: 'Waiting for somebody' });
  await expect(waiting.getByText(/photos? ha(s|ve) failed/)).toBeVisible();
  await expect(page.getByText(/Pictures delivered, last 24 hours/).first()).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'operator-overview');

  await waiting.getByRole('link', { name: /^Look: .*failed/ }).click();
  const jobs = page.getByRole('list', { name: 'Photos, failed' });
  const job = jobs.getByRole('listitem').filter({ hasText: short(photo.id) });
  await expect(job).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'operator-photos');

  // The provider is well again, so that the next try succeeds.
  await job.getByRole('button', { name: /^Try again/ }).click();
  await expect(job).toHaveCount(0);
  await page.getByRole('link', { name: 'Delivered' }).click();
  const delivered = page.getByRole('list', { name: 'Photos, delivered' }).getByText(short(photo.id));
  await expect(async () => {
    if (!(await delivered.isVisible())) await page.getByRole('button', { name: 'Look again' }).click();
    await expect(delivered).toBeVisible({ timeout: 1000 });
  }).toPass();

  // From there to whose it is: figures, and neither words nor pictures.
  await page.getByRole('listitem').filter({ hasText: short(photo.id) }).getByRole('link').click();
  await expect(page.getByLabel('Id of the person')).toHaveValue(photo.owner);
  await expect(page.getByRole('region', { name: 'Subscription' })).toContainText('active');
  await expect(page.getByRole('main')).not.toContainText('lighthouse');
  await expectAccessible(page);
  await shoot(page, 'operator-person');
  await page.getByLabel('Id of the person').fill('nobody');
  await page.getByRole('button', { name: 'Look', exact: true }).click();
  await expect(page.getByRole('main')).toContainText(/Check the id|not.*id|uuid/i);
});

test('an operator calls off a photo that is still to be made', async ({ page, request }) => {
  test.setTimeout(120_000);
  const person = await subscriber(request);
  await drawing(request, { behaviour: 'ok_after(1000000)' });
  try {
    const { id } = await askForPhoto(request, person, 'at a lighthouse');
    await signIn(page, ['operator']);
    await page.goto('/operator?view=photos&status=generating');
    const cancel = page.getByRole('button', { name: `Cancel photo ${short(id)}` });
    await lookUntil(page, cancel);
    await cancel.click();
    await expect(cancel).toHaveCount(0);
    await page.getByRole('link', { name: 'Canceled' }).click();
    await expect(page.getByRole('list', { name: 'Photos, canceled' }).getByText(short(id))).toBeVisible();
  } finally {
    await drawing(request, { behaviour: 'ok_sync' });
  }
});

test('an operator decides a report, with the keyboard alone', async ({ page, request }) => {
  test.setTimeout(120_000);
  const person = await subscriber(request);
  const { id } = await askForPhoto(request, person, 'at a lighthouse');
  await until(request, person, id, 'delivered');
  const filed = await request.post('/reports', {
    headers: person.headers,
    data: { subject: { kind: 'photo', id }, reason: 'real-person', text: `This looks like my neighbour ${id}.` },
  });
  expect(filed.status()).toBe(201);

  await signIn(page, ['operator']);
  await page.goto('/operator?view=reports');
  const item = page.getByRole('listitem').filter({ hasText: `neighbour ${id}` });
  await expect(item).toContainText(/left/);
  await expectAccessible(page);
  await shoot(page, 'operator-reports');

  await item.getByRole('button', { name: /^Look and decide/ }).focus();
  await page.keyboard.press('Enter');
  const sheet = page.getByRole('dialog', { name: 'It shows somebody who exists' });
  await expect(sheet.getByText('It may be disturbing.')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'operator-report');
  await sheet.getByRole('button', { name: 'Show the picture' }).focus();
  await page.keyboard.press('Enter');
  await expect(sheet.getByRole('img', { name: 'What was reported' })).toBeVisible();
  await sheet.getByLabel('A note').fill(`The likeness is plain: ${short(id)}`);
  await sheet.getByRole('button', { name: 'Remove it' }).focus();
  await page.keyboard.press('Enter');
  await expect(sheet).toBeHidden();
  await page.getByRole('link', { name: 'Decided' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: `plain: ${short(id)}` })).toContainText('removed');
  // Whoever had it has it no longer.
  await expect.poll(async () => (await request.get(`/photos/${id}`, { headers: person.headers })).status()).toBe(404);
  await expectAccessible(page);
});

test('an operator reads a reported letter, and passes it on', async ({ page, request }) => {
  const person = await subscriber(request);
  const { headers } = person;
  const said = await request.post('/chat/messages', { headers, data: { text: 'Good evening! How was your day?' } });
  expect(said.status()).toBe(202);
  const { id } = (await said.json()) as { id: string };
  interface Letter { id: string; text: string; in_reply_to?: string }
  const reply = async () => {
    const { items } = (await (await request.get('/chat/messages', { headers })).json()) as { items: Letter[] };
    return items.find((letter) => letter.in_reply_to === id);
  };
  await expect.poll(reply, { timeout: 30_000 }).toBeDefined();
  const letter = (await reply())!;
  const filed = await request.post('/reports', {
    headers,
    data: { subject: { kind: 'message', id: letter.id }, reason: 'hate', text: `It hurts ${letter.id}.` },
  });
  expect(filed.status()).toBe(201);

  await signIn(page, ['operator']);
  await page.goto('/operator?view=reports');
  const item = page.getByRole('listitem').filter({ hasText: `hurts ${letter.id}` });
  await item.getByRole('button', { name: /^Look and decide/ }).click();
  const sheet = page.getByRole('dialog', { name: 'It is hateful' });
  await expect(sheet.getByText('The companion said')).toBeVisible();
  await expect(sheet.getByText(letter.text)).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'operator-report-letter');
  await expect(sheet.getByRole('button', { name: 'Remove it' })).toHaveCount(0);
  await sheet.getByRole('button', { name: 'Pass it on' }).click();
  await expect(sheet).toBeHidden();
  await page.getByRole('link', { name: 'Decided' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: `hurts ${letter.id}` })).toContainText('escalated');
});

test('an operator rebuilds a read model, and hands out a message again', async ({ page, request }) => {
  test.setTimeout(120_000);
  await subscriber(request);
  await signIn(page, ['operator']);
  await page.goto('/operator');
  await page.getByRole('link', { name: 'Read models' }).click();
  await page.getByRole('button', { name: 'Rebuild photos', exact: true }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Rebuild it' }).click();
  await expect(page.getByText(/photos is being rebuilt/i)).toBeVisible();
  const row = page.getByRole('row', { name: /^photos v/ });
  await expect(row.getByText('running')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'operator-read-models');

  await page.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByText('No parked messages')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Done' }).click();
  const message = page.getByRole('listitem').filter({ hasText: 'invoice.paid' }).first();
  const name = (await message.getByRole('button').getAttribute('aria-label')) ?? '';
  await shoot(page, 'operator-webhooks');
  await message.getByRole('button').click();
  const again = page.getByRole('listitem').filter({ has: page.getByRole('button', { name }) });
  await lookUntil(page, again.getByText('1 ×'));
  await expectAccessible(page);
});

test('looking is on record, so an open page does not look by itself', async ({ page }) => {
  await signIn(page, ['operator']);
  const looks: string[] = [];
  page.on('request', (asked) => {
    if (new URL(asked.url()).pathname.startsWith('/admin/')) looks.push(asked.url());
  });
  await page.goto('/operator');
  await expect(page.getByRole('heading', { name: 'Figures' })).toBeVisible();
  const before = looks.length;
  await page.waitForTimeout(3000);
  expect(looks).toHaveLength(before);
  await page.getByRole('button', { name: 'Look again' }).click();
  await expect.poll(() => looks.length).toBe(before + 1);
});

function short(id: string): string {
  return `${id.slice(0, 8)}…${id.slice(-8)}`;
}

/** Looks again until it is there: nothing comes by itself. */
async function lookUntil(page: Page, there: ReturnType<Page['getByText']>): Promise<void> {
  await expect(async () => {
    if (!(await there.isVisible())) await page.getByRole('button', { name: 'Look again' }).click();
    await expect(there).toBeVisible({ timeout: 1000 });
  }).toPass();
}

/** A photo that the provider failed to make, for no fault of its content; the provider is well again afterwards. */
async function failedPhoto(request: APIRequestContext): Promise<{ id: string; owner: string }> {
  const person = await subscriber(request);
  await drawing(request, { behaviour: 'fail_infra' });
  try {
    const { id } = await askForPhoto(request, person, 'at a lighthouse');
    await until(request, person, id, 'failed');
    return { id, owner: person.id };
  } finally {
    await drawing(request, { behaviour: 'ok_sync' });
  }
}
