import { expect, expectAccessible, shoot, signIn, test } from './support/person';

test('somebody designs a companion, looks, looks again, and approves', async ({ page }) => {
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Create your companion' })).toBeVisible();
  await shoot(page, 'setup-empty');

  // Everything that is wrong is told at once, beside its field, in the API's own limits.
  await page.getByLabel('Age', { exact: true }).fill('19');
  await page.getByRole('button', { name: 'Create Ava and generate photo' }).click();
  await expect(page.getByText('It must be a whole number from 20 to 120.')).toBeVisible();
  await expect(page.getByText('It must not be empty; write 1 to 2000 characters.')).toBeVisible();
  await expect(page.getByLabel('Age', { exact: true })).toBeFocused();
  await expectAccessible(page);
  await shoot(page, 'setup-errors');

  await page.getByLabel('Age', { exact: true }).fill('27');
  await page.getByLabel('Gender').fill('woman');
  await page.getByLabel('Nationality').fill('French');
  await page.getByLabel('Appearance').fill('a schoolgirl');
  await page.getByRole('radio', { name: /Playful/ }).check();
  await page.getByRole('button', { name: 'Create Ava and generate photo' }).click();
  // The rules are the server's; what was typed stays.
  await expect(page.getByText(/must be, and look like, an adult/)).toBeVisible();
  await page.getByLabel('Appearance').fill('Long auburn hair, green eyes, freckles, a warm smile; a dark green coat');
  await shoot(page, 'setup-filled');
  await page.getByRole('button', { name: 'Create Ava and generate photo' }).click();

  await expect(page.getByText(/Drawing Ava/)).toBeVisible();
  await shoot(page, 'setup-drawing');
  await expect(page.getByRole('img', { name: /^Ava:/ })).toBeVisible();
  await expectAccessible(page);
  await shoot(page, 'setup-picture');

  await page.getByRole('button', { name: 'Regenerate' }).click();
  await expect(page.getByRole('radio', { name: 'Picture 2 of Ava' })).toBeChecked();
  await page.getByRole('radio', { name: 'Picture 1 of Ava' }).check();
  await expectAccessible(page);
  await shoot(page, 'setup-choice');

  await page.getByRole('button', { name: 'Looks perfect' }).click();
  await expect(page).toHaveURL(/\/chat$/);
  // Whoever is through is never sent back, and not in circles.
  await page.goto('/avatar-setup');
  await expect(page).toHaveURL(/\/chat$/);
  await page.goto('/');
  await expect(page).toHaveURL(/\/chat$/);
});

test('a draft survives a reload', async ({ page }) => {
  await signIn(page);
  await page.getByLabel('Appearance').fill('Short black hair');
  await page.reload();
  await expect(page.getByLabel('Appearance')).toHaveValue('Short black hair');
});
