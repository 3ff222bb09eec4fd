// Replicate's own SDK, pointed at the sandbox: what it can do there, it can do at Replicate.
// Says one JSON object on standard output; anything that is not as it should be ends it with a message.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import Replicate, { validateWebhook } from "replicate";

const base = process.argv[2];
const replicate = new Replicate({ auth: "r8_sdk", baseUrl: `${base}/v1`, useFileOutput: false });

// A receiver of webhooks, which keeps raw bodies: the signature is over the bytes.
const arrived = [];
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    arrived.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
    response.end();
  });
});
await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
const webhook = `http://127.0.0.1:${receiver.address().port}/hook`;

const model = "black-forest-labs/flux-schnell";
const input = { prompt: "portrait of a friendly adult woman, 30 years old", output_format: "png", seed: 7 };

// Creates, and waits until it is over.
const created = await replicate.predictions.create({ model, input, webhook, webhook_events_filter: ["completed"] });
assert.equal(created.status, "starting");
const ended = await replicate.wait(created, { interval: 50 });
assert.equal(ended.status, "succeeded");
assert.equal(ended.output.length, 1);
const file = await fetch(ended.output[0]);
const png = Buffer.from(await file.arrayBuffer());
assert.equal(png.subarray(1, 4).toString(), "PNG");

// `run` does all of that in one.
const [picture] = await replicate.run(model, { input: { ...input, seed: 8 } });
assert.match(picture, /^http/);

// Follows a reference, with the model that draws scenes.
const reference = `data:image/png;base64,${png.subarray(0, 3000).toString("base64")}`;
const scene = await replicate.run("black-forest-labs/flux-kontext-pro", {
  input: { prompt: "the same woman in a café", input_image: reference, safety_tolerance: 2 },
});
assert.equal(typeof scene, "string");

// Lists, newest first, and gets.
const page = await replicate.predictions.list();
assert.ok(page.results.length >= 3);
const listed = page.results.find((one) => one.id === created.id);
assert.equal(listed.input.seed, 7);
assert.equal((await replicate.predictions.get(created.id)).id, created.id);
let pages = 0;
for await (const batch of replicate.paginate(replicate.predictions.list)) pages += batch.length > 0 ? 1 : 0;
assert.equal(pages, 1);

// Cancels one that would take longer.
const slow = await replicate.predictions.create({ model, input: { ...input, prompt: "[[sandbox:ok_after(1000)]] a portrait" } });
const canceled = await replicate.predictions.cancel(slow.id);
assert.equal(canceled.status, "canceled");

// Believes the webhook, by the account's secret, and no forged one.
const secret = (await replicate.webhooks.default.secret.get()).key;
for (let tries = 0; arrived.length === 0 && tries < 200; tries += 1) {
  await new Promise((done) => setTimeout(done, 50));
}
assert.equal(arrived.length, 1);
const { headers, body } = arrived[0];
const message = (text) => ({
  id: headers["webhook-id"],
  timestamp: headers["webhook-timestamp"],
  signature: headers["webhook-signature"],
  body: text,
  secret,
});
assert.equal(await validateWebhook(message(body)), true);
assert.equal(await validateWebhook(message(body.replace("succeeded", "failed"))), false);
assert.equal(JSON.parse(body).id, created.id);

// Its errors are understood: an unknown model, and a prediction that failed.
await assert.rejects(
  replicate.predictions.create({ model: "nobody/nothing", input }),
  (error) => error.response.status === 404,
);
await assert.rejects(
  replicate.run(model, { input: { prompt: "[[sandbox:fail_nsfw]] a portrait" } }),
  /NSFW/,
);

receiver.close();
console.log(JSON.stringify({ prediction: created.id, webhook: headers["webhook-id"], canceled: slow.id }));
