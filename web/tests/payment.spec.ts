import { expect, expectAccessible, shoot, test } from './support/person';
import { control, enter, subscriber } from './support/subscriber';

test('a payment that failed is told beside the letters, and mended at the provider', async ({ page, request }) => {
  test.setTimeout(120_000);
  const person = await subscriber(request);
  await enter(page, person);
  const banner = page.getByRole('region', { name: 'Your last payment did not go through' });
  await expect(page.getByRole('textbox', { name: 'Write to Ava' })).toBeVisible();
  await expect(banner).toHaveCount(0);

  // It comes through /updates; the gate stays open for some days of grace.
  await control(request, `stripe/subscriptions/${person.subscription}/fail`, {});
  await expect(banner).toContainText(/Everything stays open until .*\d/);
  await expect(page.getByRole('textbox', { name: 'Write to Ava' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'chat-past-due');
  await page.goto('/subscribe');
  await expect(banner).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'manage-past-due');

  await banner.getByRole('button', { name: 'Mend the payment' }).click();
  await page.getByRole('button', { name: 'Pay with a new card' }).click();
  await page.getByRole('link', { name: 'Return to the app' }).click();
  await expect(page.getByText('Renews on')).toBeVisible();
  await expect(banner).toHaveCount(0);
});

test('when it is never paid the gate closes, and says how to open it', async ({ page, request }) => {
  test.setTimeout(120_000);
  const person = await subscriber(request);
  await control(request, 'stripe/account', { after_last_retry: 'leave_unpaid' });
  try {
    // The provider tries four times.
    for (let attempt = 0; attempt < 4; attempt += 1) await control(request, `stripe/subscriptions/${person.subscription}/fail`, {});
  } finally {
    await control(request, 'stripe/account', { after_last_retry: 'cancel' });
  }
  await expect(async () => {
    const standing = (await (await request.get('/billing/subscription', { headers: person.headers })).json()) as { status: string };
    expect(standing.status).toBe('unpaid');
  }).toPass();
  await enter(page, person);
  const banner = page.getByRole('region', { name: 'Your subscription is unpaid' });
  await expect(banner.getByRole('button', { name: 'Mend the payment' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'chat-unpaid');
  await banner.getByRole('button', { name: 'Mend the payment' }).click();
  await expect(page.getByRole('heading', { name: 'Your subscription' })).toBeVisible();
  await expect(page).toHaveURL(/\/portal\//);
});
