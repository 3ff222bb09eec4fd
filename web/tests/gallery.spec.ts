import { expect, expectAccessible, test } from './support/person';
import { askForPhoto, drawing, enter, subscriber, until } from './support/subscriber';

/** More than a page of the gallery holds, the portrait included. */
const SCENES = 31;

test('a long gallery comes page by page, each picture once', async ({ page, request }) => {
  test.setTimeout(240_000);
  const person = await subscriber(request);
  await drawing(request, { drawing_time_ms: 20 });
  try {
    const ids: string[] = [];
    for (let nth = 1; nth <= SCENES; nth += 1) ids.push((await askForPhoto(request, person, `In the garden, picture ${nth}`)).id);
    for (const id of ids) await until(request, person, id, 'delivered');
  } finally {
    await drawing(request, { drawing_time_ms: 600 });
  }

  await enter(page, person);
  await page.getByRole('link', { name: 'Gallery' }).click();
  const pictures = page.getByRole('button', { name: /^Details of/ });
  await expect(pictures).toHaveCount(30);
  await expect(pictures.first()).toHaveAccessibleName(`Details of In the garden, picture ${SCENES}`);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Earlier pictures' }).focus();
  await page.keyboard.press('Enter');
  await expect(pictures).toHaveCount(SCENES + 1);
  await expect(page.getByRole('button', { name: 'Earlier pictures' })).toHaveCount(0);
  const names = await pictures.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
  expect(new Set(names).size).toBe(SCENES + 1);

  // One of the later page is as good as any: it opens, and when it is deleted the rest stays.
  await pictures.nth(SCENES - 1).click();
  await expect(page.getByRole('dialog')).toContainText('picture 1');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await expect(pictures).toHaveCount(SCENES);

  // A new one stands first and moves nothing out of place.
  await askForPhoto(request, person, 'At the window');
  await expect(page.getByRole('button', { name: 'Details of At the window' })).toBeVisible();
  await expect(pictures).toHaveCount(SCENES + 1);
});
