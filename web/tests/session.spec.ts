import { design, expect, expectAccessible, shoot, signIn, subscribe, test } from './support/person';

test('an expired session says so, and leads back to where one was', async ({ page }) => {
  const email = await signIn(page);
  await design(page);
  await page.goto('/account');
  await expect(page.getByText(email)).toBeVisible();
  // What a server that has forgotten us would do: the token is no longer accepted.
  await page.evaluate(() => {
    const stored = JSON.parse(localStorage.getItem('ava.session') ?? '{}') as { token: string };
    localStorage.setItem('ava.session', JSON.stringify({ ...stored, token: 'expired' }));
  });
  await page.reload();
  await expect(page).toHaveURL(/\/sign-in\?back=%2Faccount&expired/);
  await expect(page.getByText('Your session has ended')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'session-ended');
  await page.getByLabel('Your e-mail address').fill(email);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/account$/);
});

test('signing out leaves nothing behind, in all tabs', async ({ page, context }) => {
  await signIn(page);
  const other = await context.newPage();
  await other.goto('/account');
  await expect(other.getByRole('button', { name: 'Sign out' })).toBeVisible();
  await page.goto('/account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  await expect(other).toHaveURL(/\/sign-in/);
  expect(await page.evaluate(() => localStorage.getItem('ava.session'))).toBeNull();
});

test('a connection that is lost is told quietly, and a letter written meanwhile arrives once', async ({ page, context }) => {
  test.setTimeout(120_000);
  await signIn(page);
  await design(page);
  await subscribe(page);
  await page.goto('/chat');
  const writing = page.getByRole('textbox', { name: 'Write to Ava' });
  await writing.fill('The first');
  await writing.press('Enter');
  const letters = page.getByRole('list', { name: 'Letters with Ava' }).getByRole('article');
  await expect(letters).toHaveCount(2);

  await context.setOffline(true);
  await writing.fill('Are you still there?');
  await writing.press('Enter');
  await expect(page.getByText('Sending …')).toBeVisible();
  await expect(page.getByText('Reconnecting …')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'reconnecting');
  await context.setOffline(false);
  await expect(page.getByText('Reconnecting …')).toBeHidden({ timeout: 40_000 });
  await expect(letters).toHaveCount(4, { timeout: 40_000 });
  await page.reload();
  await expect(letters).toHaveCount(4);
  await expect(page.getByText('Are you still there?')).toHaveCount(1);
});

test('every tab hears what happens in another one', async ({ page, context }) => {
  test.setTimeout(120_000);
  await signIn(page);
  await design(page);
  await subscribe(page);
  await page.goto('/gallery');
  const other = await context.newPage();
  await other.goto('/gallery');
  await expect(other.getByRole('button', { name: /^Details of/ })).toHaveCount(1);
  await page.getByRole('button', { name: 'Ask for a picture' }).click();
  await page.getByLabel('What is Ava doing?').fill('On a train, looking out of the window');
  await page.getByRole('button', { name: 'Draw it' }).click();
  await expect(other.getByRole('button', { name: /^Details of On a train/ })).toBeVisible();
  await page.close();
  // The tab with the connection is gone: the other one goes on with it.
  await other.getByRole('button', { name: 'Ask for a picture' }).click();
  await other.getByLabel('What is Ava doing?').fill('In a garden, in the evening');
  await other.getByRole('button', { name: 'Draw it' }).click();
  await expect(other.getByRole('button', { name: /^Details of In a garden/ }).locator('img')).toBeAttached({ timeout: 30_000 });
});

test('a page that does not exist says so, and one for others does too', async ({ page }) => {
  const answer = await page.goto('/nowhere');
  expect(answer?.status()).toBe(404);
  await expect(page.getByText('This page does not exist')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'lost');
});
