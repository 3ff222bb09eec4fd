import { design, expect, expectAccessible, shoot, signIn, test } from './support/person';

test('the whole story: paywall, checkout, chat with a picture, gallery, and the end of the subscription', async ({ page }) => {
  test.setTimeout(240_000);
  await signIn(page);
  await design(page);

  // The gate is closed, and says how to open it.
  await expect(page.getByRole('link', { name: 'Subscribe' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'chat-paywall');
  await page.goto('/gallery');
  await expect(page.getByRole('img', { name: 'The approved portrait of Ava' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'gallery-paywall');

  await page.getByRole('link', { name: 'Subscribe' }).click();
  await expect(page.getByText('$14.99')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'subscribe');
  // The monthly plan: the one before it begins with a trial, and nothing would be paid yet.
  const monthly = page.getByRole('button', { name: 'Subscribe' }).nth(1);
  await monthly.click();
  await page.getByRole('button', { name: /without paying/ }).click();
  await expect(page.getByText('Nothing was paid')).toBeVisible();
  await expectAccessible(page);
  await monthly.click();
  await page.getByRole('button', { name: 'Pay and subscribe' }).click();
  await expect(page.getByText('You are subscribed')).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  await shoot(page, 'subscribed');

  await page.getByRole('link', { name: 'Write to Ava' }).click();
  await expect(page.getByRole('heading', { name: 'Write the first letter' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'chat-empty');
  const writing = page.getByRole('textbox', { name: 'Write to Ava' });
  await writing.fill('Good evening! How was your day?');
  await writing.press('Enter');
  const letters = page.getByRole('list', { name: 'Letters with Ava' }).getByRole('article');
  await expect(letters).toHaveCount(2);
  await page.getByRole('radio', { name: 'Intimate' }).check();
  await expect(writing).toHaveAttribute('placeholder', /ask for a picture/);
  await writing.fill('Please send me a picture of you at a café in Paris, morning light.');
  await writing.press('Enter');
  await expect(page.getByText(/Drawing Ava/)).toBeVisible();
  await shoot(page, 'chat-drawing');
  const picture = page.getByRole('button', { name: /^Look at:/ });
  await expect(picture).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  await shoot(page, 'chat');
  await picture.click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'viewer');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();

  const report = page.getByRole('button', { name: 'Report this letter' });
  await report.first().click();
  await page.getByRole('button', { name: 'Report it' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.getByLabel('What is wrong with it?').selectOption('other');
  await page.getByLabel(/In your own words/).fill('She sounds like somebody else.');
  await expectAccessible(page);
  await shoot(page, 'report');
  await page.getByRole('button', { name: 'Report it' }).click();
  await expect(page.getByText(/Somebody looks at it by/)).toBeVisible();
  await page.getByRole('button', { name: 'Close' }).click();

  // After a reload everything is as it was.
  await page.reload();
  await expect(picture).toBeVisible();

  await page.getByRole('link', { name: 'Gallery' }).click();
  await page.getByRole('button', { name: 'Ask for a picture' }).click();
  await page.getByLabel('What is Ava doing?').fill('Reading by a window, rain outside, a blue pullover');
  await page.getByRole('button', { name: 'Draw it' }).click();
  await expect(page.getByRole('button', { name: /^Details of/ })).toHaveCount(3);
  await expect(page.getByText(/Drawing Ava/)).toHaveCount(0, { timeout: 30_000 });
  await expectAccessible(page);
  await shoot(page, 'gallery');
  await page.getByRole('button', { name: /^Details of Reading/ }).click();
  await page.getByRole('button', { name: 'Check the fingerprint' }).click();
  await expect(page.getByText('verified in this browser')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'gallery-details');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toMatch(/^ava-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.jpg$/);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByRole('button', { name: /^Details of/ })).toHaveCount(2);
  await page.getByRole('radio', { name: 'Portraits' }).click();
  await expect(page.getByRole('button', { name: /^Details of/ })).toHaveCount(1);
  await page.getByRole('radio', { name: 'Not made' }).click();
  await expect(page.getByText('Everything worked out')).toBeVisible();

  await page.getByRole('link', { name: 'Account' }).click();
  await expect(page.getByRole('heading', { name: 'Your data' })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'account');
  await page.getByRole('button', { name: 'Change Ava' }).click();
  await page.getByLabel('Age', { exact: true }).fill('28');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText(/^28, French woman/)).toBeVisible();

  // At most three clicks from here, and back.
  await page.getByRole('link', { name: 'Manage subscription' }).click();
  await expect(page.getByRole('table', { name: 'Your invoices' }).getByText('Paid')).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'manage');
  await page.getByRole('button', { name: 'Cancel subscription' }).click();
  await page.getByLabel('Would you tell us why?').selectOption('unused');
  await expectAccessible(page);
  await shoot(page, 'cancel');
  await page.getByRole('button', { name: 'End it' }).click();
  await expect(page.getByText('Ends soon')).toBeVisible();
  await page.getByRole('button', { name: 'Keep my subscription' }).click();
  await expect(page.getByText('Renews on')).toBeVisible();
});
