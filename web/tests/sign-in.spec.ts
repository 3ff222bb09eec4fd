import { expect, expectAccessible, shoot, signIn, test } from './support/person';

test('a stranger is asked to sign in, and then is where they wanted to go', async ({ page }) => {
  await page.goto('/account?from=letter');
  await expect(page).toHaveURL(/\/sign-in\?back=/);
  await expectAccessible(page);
  await shoot(page, 'sign-in');

  await page.getByLabel('Your e-mail address').fill('nobody');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('It must be an e-mail address')).toBeVisible();
  await expectAccessible(page);

  await page.getByLabel('Your e-mail address').fill(`ada-${Date.now()}@example.com`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/account\?from=letter$/);
});

test('whoever has no companion yet is asked to make one', async ({ page }) => {
  await signIn(page);
  await expect(page).toHaveURL(/\/avatar-setup$/);
});
