// The AI SDK (`ai`) with its OpenAI and Anthropic providers against every provider dialect.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, onEveryProvider, stage } from './clients.mjs';

const { APICallError, Output, generateText, jsonSchema, stepCountIs, streamText, tool } = load('ai');
const openai = load('@ai-sdk/openai').createOpenAI({ baseURL: `${stage.url}/v1`, apiKey: stage.key });
const anthropic = load('@ai-sdk/anthropic').createAnthropic({ baseURL: `${stage.url}/v1`, apiKey: stage.key });

const status = (expected) => (error) => {
  assert.ok(APICallError.isInstance(error), `${error?.constructor?.name}: ${error?.message}`);
  assert.equal(error.statusCode, expected);
};
const failed = { credential: status(502), rate: status(429), 'too-long': status(400), refused: status(400) };
// Parts of streams bring errors as the dialect has them.
const broken = (error) => assert.match(error.message, /ended too early|failed|had an error|verloaded/);

const tools = () => Object.fromEntries(Object.entries(stage.tools).map(([name, schema]) => [name, tool({
  description: name,
  inputSchema: jsonSchema(schema),
  execute: async () => stage.results[name],
})]));

// `providerOptions`: what the package needs to know of a gateway, whose names of models tell it nothing.
function clientOf(own, modelOf, providerOptions = {}) {
  const options = (name, more = {}) => ({
    model: modelOf(name), system: stage.system, prompt: stage.question, maxOutputTokens: stage.limit,
    maxRetries: 0, providerOptions, ...more,
  });
  const heard = (text, finish, usage) => [
    text, finish, usage.inputTokens, usage.inputTokenDetails.cacheReadTokens, usage.outputTokens,
  ];
  const streaming = (name, more) => streamText(options(name, { onError: () => {}, ...more }));
  return {
    own,
    stop: 'stop',
    failed,
    broken,
    async chat(name) {
      const { text, finishReason, usage } = await generateText(options(name));
      return heard(text, finishReason, usage);
    },
    async stream(name) {
      const answer = streaming(name);
      return heard(await answer.text, await answer.finishReason, await answer.usage);
    },
    async *pieces(name) {
      for await (const part of streaming(name).fullStream) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'text-delta') yield part.text;
      }
    },
    async loop(name, stream) {
      const more = { tools: tools(), stopWhen: stepCountIs(2) };
      const answer = stream ? streaming(name, more) : await generateText(options(name, more));
      const [first, last] = await answer.steps;
      assert.deepEqual([first.finishReason, last.finishReason], ['tool-calls', 'stop']);
      return [first.toolCalls.map((call) => [call.toolCallId, call.toolName, call.input]), last.text];
    },
    async structured(name) {
      const output = Output.object({ schema: jsonSchema(stage.draft), name: 'draft' });
      return (await generateText(options(name, { output }))).output;
    },
  };
}

onEveryProvider('OpenAI chat', clientOf('openai_chat', (name) => openai.chat(name)));
// What the provider would have to remember is sent along.
onEveryProvider('OpenAI Responses', clientOf(
  'openai_responses', (name) => openai.responses(name), { openai: { store: false } }));
const native = { anthropic: { structuredOutputMode: 'outputFormat' } };
onEveryProvider('Anthropic', clientOf('anthropic_messages', (name) => anthropic(name), native));

for (const dialect of stage.dialects) {
  test(`Anthropic: a forced tool brings the structured output on ${dialect}`, async () => {
    const client = clientOf('anthropic_messages', (name) => anthropic(name));
    assert.deepEqual(await client.structured(dialect), stage.structured);
  });
}
