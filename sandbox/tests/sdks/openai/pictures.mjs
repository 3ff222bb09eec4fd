// OpenAI's own SDK, pointed at the sandbox: what it can do there, it can do at OpenAI.
// Says one JSON object on standard output; anything that is not as it should be ends it with a message.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const base = process.argv[2];
const openai = new OpenAI({ apiKey: "sk-sdk", baseURL: `${base}/v1`, maxRetries: 2 });
const prompt = "portrait of a friendly adult woman, 30 years old";

async function script(...next) {
  const answer = await fetch(`${base}/control/images/script`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ next }),
  });
  assert.equal(answer.status, 200);
}

const isPng = (bytes) => bytes.subarray(1, 4).toString() === "PNG";

// From words, as base64.
const generated = await openai.images.generate({ model: "gpt-image-1", prompt, size: "1024x1024" });
const reference = Buffer.from(generated.data[0].b64_json, "base64");
assert.ok(isPng(reference));

// From words, as an address.
const addressed = await openai.images.generate({ model: "dall-e-3", prompt, response_format: "url" });
const fetched = await fetch(addressed.data[0].url);
assert.ok(isPng(Buffer.from(await fetched.arrayBuffer())));

// After a picture that comes along.
const edited = await openai.images.edit({
  model: "gpt-image-1",
  prompt: "the same woman in a café",
  image: [await toFile(reference, "reference.png", { type: "image/png" })],
});
assert.ok(isPng(Buffer.from(edited.data[0].b64_json, "base64")));

// A refusal by the safety system is no retry's business; throttling is, by itself.
await script("moderation_blocked");
await assert.rejects(
  openai.images.generate({ model: "gpt-image-1", prompt }),
  (error) => error instanceof OpenAI.BadRequestError && error.code === "moderation_blocked",
);
await script("429_then_ok");
assert.equal((await openai.images.generate({ model: "gpt-image-1", prompt })).data.length, 1);

// Errors have the shape that the SDK reads.
await assert.rejects(
  openai.images.generate({ model: "crayons", prompt }),
  (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
);

console.log(JSON.stringify({ pictures: 4, request: generated._request_id ?? null }));
