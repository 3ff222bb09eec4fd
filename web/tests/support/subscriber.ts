import { type APIRequestContext, type Page, expect } from '@playwright/test';

/** Somebody who came in through the API, with a companion and a subscription. */
export interface Subscriber {
  id: string;
  email: string;
  headers: { Authorization: string };
  /** The payment provider's id of what they pay for. */
  subscription: string;
}

let people = 0;

/** Everything that a page does not need to be tested for again. */
export async function subscriber(request: APIRequestContext): Promise<Subscriber> {
  people += 1;
  const email = `eve-${Date.now()}-${people}@example.com`;
  const token = (await (await request.post('/dev/token', { data: { email } })).json()) as {
    access_token: string;
    user: { id: string };
  };
  const headers = { Authorization: `Bearer ${token.access_token}` };
  const avatar = { name: 'Ava', age: 27, gender: 'woman', nationality: 'French', appearance: 'auburn hair', personality: 'caring' };
  expect((await request.post('/avatars', { headers, data: avatar })).status()).toBe(201);
  const portrait = (await (await request.post('/avatars/me/reference-image', { headers })).json()) as { id: string };
  await expect(async () => {
    const approved = await request.post('/avatars/me/reference-image/approval', { headers, data: { photo_id: portrait.id } });
    expect(approved.status()).toBe(200);
  }).toPass();
  const checkout = await request.post('/billing/checkout', { headers, data: { plan: 'monthly' } });
  const { session_id } = (await checkout.json()) as { session_id: string };
  const paid = (await control(request, `stripe/sessions/${session_id}/complete`, { outcome: 'paid' })) as { subscription: string };
  await expect(async () => {
    const standing = (await (await request.get('/billing/subscription', { headers })).json()) as { open: boolean };
    expect(standing.open).toBe(true);
  }).toPass();
  return { id: token.user.id, email, headers, subscription: paid.subscription };
}

/** Signs somebody in who is known already. */
export async function enter(page: Page, { email }: Subscriber): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Your e-mail address').fill(email);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/chat$/);
}

export async function askForPhoto(request: APIRequestContext, { headers }: Subscriber, scene: string): Promise<{ id: string }> {
  const asked = await request.post('/photos', { headers, data: { scene } });
  expect(asked.status()).toBe(202);
  return (await asked.json()) as { id: string };
}

/** Waits until the photo stands so. */
export async function until(request: APIRequestContext, { headers }: Subscriber, id: string, status: string): Promise<void> {
  await expect(async () => {
    const photo = (await (await request.get(`/photos/${id}`, { headers })).json()) as { status: string };
    expect(photo.status).toBe(status);
  }).toPass({ timeout: 60_000 });
}

/** How the image provider's stand-in behaves from now on. */
export async function drawing(request: APIRequestContext, order: { behaviour?: string; drawing_time_ms?: number }): Promise<void> {
  await control(request, 'replicate/default', order);
}

/** A switch of the stand-ins. */
export async function control(request: APIRequestContext, path: string, order: object): Promise<unknown> {
  const answered = await request.post(`${process.env.AVA_SANDBOX_URL ?? ''}/control/${path}`, { data: order });
  expect(answered.ok(), path).toBe(true);
  return answered.json();
}
