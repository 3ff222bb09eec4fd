import { readFileSync } from 'node:fs';

import { EVIDENCE } from '../src/proofs/evidence';
import { askForPhoto, subscriber, until } from './support/subscriber';
import { expect, expectAccessible, shoot, signIn, test } from './support/person';

test('whoever is no auditor is told so, and sees nothing of it', async ({ page }) => {
  await signIn(page);
  await page.goto('/audit');
  await expect(page.getByRole('heading', { name: 'This page is for auditors' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Audit' })).toHaveCount(0);
  await expectAccessible(page);
});

test('what the server does not offer yet is absent, not broken', async ({ page }) => {
  test.setTimeout(120_000);
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

test('an auditor follows a wish to its picture, and sees how it stood on the way', async ({ page, request }) => {
  test.setTimeout(120_000);
  const person = await subscriber(request);
  const { id } = await askForPhoto(request, person, 'At a lighthouse');
  await until(request, person, id, 'delivered');
  await signIn(page, ['auditor']);
  await page.goto('/audit');

  // Filters stand in the address, and are asked for when the form is sent.
  await page.getByText('By time, thing or command').click();
  await page.getByLabel('Id of the thing').fill(id);
  await page.getByRole('button', { name: 'Show these' }).click();
  await expect(page).toHaveURL(new RegExp(`aggregate_id=${id}`));
  const rows = page.getByRole('list', { name: 'Events' }).getByRole('button');
  await expect(rows.first()).toContainText('PhotoRequested');
  await expect(rows.last()).toContainText('PhotoDelivered');
  await expectAccessible(page);
  await shoot(page, 'audit-filtered');

  // By keyboard to the last one.
  await rows.first().focus();
  await page.keyboard.press('End');
  await expect(rows.last()).toBeFocused();
  await page.keyboard.press('Enter');
  const sheet = page.getByRole('dialog');
  await expect(sheet.getByRole('heading', { name: 'PhotoDelivered', exact: true })).toBeVisible();
  await expect(sheet.getByRole('region', { name: /What PhotoDelivered changed/ })).toContainText(/kind.*Generating.*Delivered/);
  await expectAccessible(page);
  await shoot(page, 'audit-event');
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await expect(rows.last()).toBeFocused();

  await rows.last().click();
  await sheet.getByRole('link', { name: 'How it stood then' }).click();
  const slider = page.getByRole('slider', { name: 'As of' });
  await expect(slider).toHaveAttribute('aria-valuetext', /PhotoDelivered$/);
  await expect(page.getByRole('heading', { name: 'What PhotoDelivered changed' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'audit-as-of');
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', /^After 1 of \d+: PhotoRequested$/);
  await expect(page.getByRole('heading', { name: 'What PhotoRequested changed' })).toBeVisible();

  await page.getByRole('link', { name: 'The event itself' }).click();
  await sheet.getByRole('link', { name: 'What followed from the command' }).click();
  const graph = page.getByRole('list', { name: 'Events, each after its cause' });
  await expect(graph.getByRole('listitem').first()).toContainText('RequestPhoto');
  await expect(graph.getByRole('link', { name: /PhotoDelivered.*follows from PhotoRequested/ })).toBeVisible();
  await expect(graph.getByRole('link', { name: /PhotoReserved.*follows from RequestPhoto/ })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'audit-causes');

  await page.goto('/audit?event=999999999');
  await expect(sheet.getByText('The log does not go that far')).toBeVisible();
  await expectAccessible(page);
  await page.goto(`/audit?view=as-of&type=Avatar&id=${id}`);
  await expect(page.getByText('Nothing has ever happened to it')).toBeVisible();
  await page.goto('/audit?event_type=NothingLikeThat');
  await expect(page.getByText('No event is like that')).toBeVisible();
  await expectAccessible(page);
});

test('a long log is there as one scrolls, and as a file', async ({ page, request }) => {
  test.setTimeout(120_000);
  // Each look is an event.
  const auditor = await request.post('/dev/token', { data: { email: 'long@example.com', roles: ['auditor'] } });
  const { access_token } = (await auditor.json()) as { access_token: string };
  for (let look = 0; look < 110; look += 1) {
    expect((await request.get('/audit/events/1', { headers: { Authorization: `Bearer ${access_token}` } })).ok()).toBe(true);
  }
  await signIn(page, ['auditor']);
  await page.goto('/audit');
  const list = page.getByRole('list', { name: 'Events' });
  await expect(list.getByRole('button').first()).toContainText(/^1/);
  // Only those in sight are in the page; Tab leads to one of them.
  await expect(list.getByRole('button')).not.toHaveCount(100);
  await list.getByRole('button').first().focus();
  await page.keyboard.press('PageDown');
  await expect(page.locator('li:focus-within')).toHaveAttribute('aria-posinset', '13');
  await page.keyboard.press('End');
  await expect(page.locator('li:focus-within')).toHaveAttribute('aria-posinset', '100');
  await expect(page.getByText(/^(1[0-9]{2}|200) events/)).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('li:focus-within')).toHaveAttribute('aria-posinset', '101');
  expect(await list.getByRole('button').count()).toBeLessThan(60);
  await expectAccessible(page);
  await shoot(page, 'audit-events');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download all of these' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('events.jsonl');
  const lines = readFileSync(await file.path(), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { position: number }).position)).toEqual(lines.map((_, index) => index + 1));
  expect(lines.length).toBeGreaterThan(101);
});

test('an auditor proves in the browser that an event is in the log, and later that the log only grew', async ({ page }) => {
  test.setTimeout(120_000);
  const key = auditKey();
  await signIn(page, ['auditor']);
  await page.goto('/audit?event=1');
  await page.getByRole('link', { name: 'Prove that it is in the log' }).click();
  await expect(page.getByText('Root over all of them')).toBeVisible();
  await page.getByRole('button', { name: 'Prove that it is in the log' }).click();
  await expect(page.getByText('Without a key that you trust')).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Public key of the log').fill(key);
  await page.getByRole('button', { name: 'Prove that it is in the log' }).click();
  await expect(page.getByRole('heading', { name: 'Proof verified in this browser' })).toBeVisible();
  await expect(page.getByText('The event, as it was shown, has the hash of the proof')).toBeVisible();
  await expect(page.getByText('This browser keeps this very checkpoint')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'audit-checkpoint');

  // Each look is an event, so the log has grown by the next visit.
  await expect(async () => {
    await page.goto('/audit?view=checkpoint');
    await expect(page.getByRole('button', { name: 'Prove that the log only grew' })).toBeVisible({ timeout: 2000 });
  }).toPass({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Prove that the log only grew' }).click();
  await expect(page.getByText(/^The first \d+ events are among the \d+ unchanged\.$/)).toBeVisible();
  await expectAccessible(page);

  // Another key has not signed it.
  await page.getByLabel('Public key of the log').fill(EVIDENCE.key);
  await page.getByRole('button', { name: 'Prove that it is in the log' }).click();
  await expect(page.getByRole('heading', { name: 'The proof does not hold' })).toBeVisible();
});

test('a server that shows another event than it proves is found out', async ({ page }) => {
  await signIn(page, ['auditor']);
  await page.route(/\/audit\/events\/1$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace('"sequence":1', '"sequence":2') });
  });
  await page.goto('/audit?view=checkpoint&position=1');
  await page.getByLabel('Public key of the log').fill(auditKey());
  await page.getByRole('button', { name: 'Prove that it is in the log' }).click();
  await expect(page.getByRole('heading', { name: 'The proof does not hold' })).toBeVisible();
  await expect(page.getByText('The event, as it was shown, has the hash of the proof: no')).toBeVisible();
  await shoot(page, 'audit-checkpoint-broken');
});

/** The key of the log, from elsewhere than the server: as an operator reads it to somebody from the command line. */
function auditKey(): string {
  const key = process.env.AVA_AUDIT_KEY;
  if (key === undefined) throw new Error('AVA_AUDIT_KEY is to be what `ava audit key` prints');
  return key;
}
