// Talks to the sandbox with the official SDK, and prints what came of it as one JSON object.
//
// node chat.mjs http://127.0.0.1:8090/v1
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "sk-sandbox", maxRetries: 2 });
const model = "sandbox-companion";
const tools = [
  {
    type: "function",
    function: {
      name: "send_photo",
      description: "Sends a picture of yourself.",
      parameters: {
        type: "object",
        properties: { scene: { type: "string" } },
        required: ["scene"],
        additionalProperties: false,
      },
    },
  },
];
const system = { role: "system", content: "You are Amelie, a friendly companion." };

async function streamed(content) {
  const runner = client.chat.completions.stream({
    model,
    messages: [system, { role: "user", content }],
    tools,
    parallel_tool_calls: false,
    stream_options: { include_usage: true },
  });
  let chunks = 0;
  for await (const chunk of runner) chunks += chunk.choices.length;
  const whole = await runner.finalChatCompletion();
  return { chunks, choice: whole.choices[0], usage: whole.usage };
}

const failed = async (action) => {
  try {
    await action();
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status ?? null, code: error.code ?? null };
  }
};

const call = await streamed("Send me a photo of you at the beach [[sandbox:tool_call_in(7)]]");
const whole = await client.chat.completions.create({
  model,
  messages: [
    system,
    { role: "user", content: "Send me a photo of you at the beach" },
    call.choice.message,
    {
      role: "tool",
      tool_call_id: call.choice.message.tool_calls[0].id,
      content: JSON.stringify({ status: "queued", photo_id: "1" }),
    },
  ],
  tools,
});
const report = {
  call,
  text: await streamed("hello"),
  refusal: await streamed("hello [[sandbox:refusal]]"),
  after: whole.choices[0],
  throttled: await streamed("hello again [[sandbox:429]]"),
  unpaired: await failed(() =>
    client.chat.completions.create({ model, messages: [{ role: "tool", tool_call_id: "x", content: "{}" }] }),
  ),
  cut: await failed(() => streamed("are you there? [[sandbox:cut_stream]]")),
};
console.log(JSON.stringify(report));
