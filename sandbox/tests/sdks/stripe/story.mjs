// The official Stripe SDK, pointed at the sandbox: node story.mjs HOST PORT WEBHOOK_SECRET
// Prints one line of JSON when everything went as with Stripe itself; throws otherwise.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import Stripe from "stripe";

const [host, port, secret] = process.argv.slice(2);
const stripe = new Stripe("sk_test_sandbox", { host, port: Number(port), protocol: "http", maxNetworkRetries: 0 });
const sandbox = `http://${host}:${port}`;

// Where events go, as they come.
const arrived = [];
const receiver = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    arrived.push({ body: Buffer.concat(parts), signature: request.headers["stripe-signature"] });
    response.end("{}");
  });
});
await new Promise((listening) => receiver.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${receiver.address().port}/`;
await control("webhooks", { url, secret });

// A customer, once for its key.
const particulars = { email: "mia@example.com", metadata: { user_id: "u-1" } };
const once = { idempotencyKey: "customer-u-1" };
const customer = await stripe.customers.create(particulars, once);
const again = await stripe.customers.create(particulars, once);
assert.equal(customer.id, again.id);
assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
await assert.rejects(
  stripe.customers.create({ email: "other@example.com" }, once),
  (error) => error instanceof Stripe.errors.StripeIdempotencyError,
);
const found = await stripe.customers.retrieve(customer.id);
assert.equal(found.metadata.user_id, "u-1");

// A page to pay on, and its payment.
const session = await stripe.checkout.sessions.create({
  mode: "subscription",
  customer: customer.id,
  client_reference_id: "u-1",
  line_items: [{ price: "price_ava_monthly", quantity: 1 }],
  subscription_data: { metadata: { user_id: "u-1" } },
  success_url: "http://app.test/done?session={CHECKOUT_SESSION_ID}",
  cancel_url: "http://app.test/plans",
});
assert.equal(session.status, "open");
const page = await fetch(session.url);
assert.equal(page.status, 200);
const paid = await fetch(session.url, {
  method: "POST",
  body: new URLSearchParams({ outcome: "paid" }),
  redirect: "manual",
});
assert.equal(paid.headers.get("location"), `http://app.test/done?session=${session.id}`);
const complete = await stripe.checkout.sessions.retrieve(session.id, { expand: ["subscription"] });
assert.equal(complete.status, "complete");
assert.equal(complete.subscription.status, "active");

// What runs, listed and paged by the SDK itself.
const listed = [];
for await (const one of stripe.subscriptions.list({ customer: customer.id, limit: 1 })) {
  listed.push(one);
}
assert.deepEqual(listed.map((one) => one.id), [complete.subscription.id]);
assert.equal(listed[0].metadata.user_id, "u-1");
assert.ok(listed[0].items.data[0].current_period_end > Date.now() / 1000);
const ending = await stripe.subscriptions.update(listed[0].id, { cancel_at_period_end: true });
assert.equal(ending.cancel_at_period_end, true);
const invoices = await stripe.invoices.list({ customer: customer.id });
assert.equal(invoices.data[0].parent.subscription_details.subscription, listed[0].id);
const portal = await stripe.billingPortal.sessions.create({
  customer: customer.id,
  return_url: "http://app.test/account",
});
assert.equal((await fetch(portal.url)).status, 200);

// Money back.
const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
const refund = await stripe.refunds.create({ charge: charge.id, amount: 100 });
assert.equal(refund.status, "succeeded");
await assert.rejects(
  stripe.refunds.create({ charge: charge.id, amount: charge.amount }),
  (error) => error instanceof Stripe.errors.StripeInvalidRequestError && error.param === "amount",
);

// Errors, as the SDK knows them.
await assert.rejects(
  stripe.subscriptions.retrieve("sub_none"),
  (error) => error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing",
);
await control("fail_next", { status: 429, times: 1 });
await assert.rejects(
  stripe.customers.retrieve(customer.id),
  (error) => error instanceof Stripe.errors.StripeRateLimitError,
);

// Every event is signed as the SDK expects.
const wanted = ["charge.refunded", "checkout.session.completed", "customer.subscription.created", "invoice.paid"];
const events = await verified((kinds) => wanted.every((kind) => kinds.includes(kind)));
assert.throws(
  () => stripe.webhooks.constructEvent(arrived[0].body, arrived[0].signature, "whsec_other"),
  (error) => error instanceof Stripe.errors.StripeSignatureVerificationError,
);
assert.throws(
  () => stripe.webhooks.constructEvent(`${arrived[0].body} `, arrived[0].signature, secret),
  (error) => error instanceof Stripe.errors.StripeSignatureVerificationError,
);

receiver.closeAllConnections();
receiver.close();
console.log(JSON.stringify({ sdk: Stripe.PACKAGE_VERSION, customer: customer.id, events: events.length }));

async function control(path, body) {
  const answer = await fetch(`${sandbox}/control/stripe/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
}

// Waits until the types of what has come suffice; each event has been checked by the SDK.
async function verified(suffices) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const events = arrived.map(({ body, signature }) => stripe.webhooks.constructEvent(body, signature, secret));
    const kinds = events.map((event) => event.type);
    if (suffices(kinds)) return events;
    assert.ok(Date.now() < deadline, `only these came: ${kinds}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}
