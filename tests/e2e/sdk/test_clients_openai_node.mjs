// The official `openai` package for Node, chat and Responses, against every provider dialect.

import assert from 'node:assert/strict';

import { load, onEveryProvider, stage } from './clients.mjs';

const { OpenAI } = load('openai');
const client = new OpenAI({ baseURL: `${stage.url}/v1`, apiKey: stage.key, maxRetries: 0, timeout: 30_000 });

const is = (kind, status) => (error) => {
  assert.ok(error instanceof kind, `${error?.constructor?.name}: ${error?.message}`);
  assert.equal(error.status, status);
};
const failed = {
  credential: is(OpenAI.InternalServerError, 502),
  rate: (error) => {
    is(OpenAI.RateLimitError, 429)(error);
    assert.match(error.headers.get('retry-after'), /^[1-7]$/);
  },
  'too-long': (error) => {
    is(OpenAI.BadRequestError, 400)(error);
    assert.equal(error.code, 'context_length_exceeded');
  },
  refused: is(OpenAI.BadRequestError, 400),
};
const broken = (error) => assert.ok(error instanceof OpenAI.APIError, `${error?.constructor?.name}: ${error?.message}`);

const messages = [{ role: 'system', content: stage.system }, { role: 'user', content: stage.question }];
const functions = Object.entries(stage.tools).map(([name, parameters]) => ({ name, description: name, parameters }));

const chatting = {
  options: (model, more = {}) => ({ model, messages, max_completion_tokens: stage.limit, ...more }),
  heard: (text, finish, usage) => [
    text, finish, usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens,
  ],
  async chat(model) {
    const answer = await client.chat.completions.create(chatting.options(model));
    return chatting.heard(answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage);
  },
  async stream(model) {
    const options = chatting.options(model, { stream_options: { include_usage: true } });
    const answer = await client.chat.completions.stream(options).finalChatCompletion();
    return chatting.heard(answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage);
  },
  async *pieces(model) {
    for await (const chunk of await client.chat.completions.create(chatting.options(model, { stream: true }))) {
      yield chunk.choices[0].delta.content ?? '';
    }
  },
  async loop(model, stream) {
    const tools = functions.map((one) => ({ type: 'function', function: one }));
    const ask = async (told) => {
      const options = chatting.options(model, { messages: told, tools });
      const answer = stream
        ? await client.chat.completions.stream(options).finalChatCompletion()
        : await client.chat.completions.create(options);
      return answer.choices[0].message;
    };
    const message = await ask(messages);
    const results = message.tool_calls.map((call) => (
      { role: 'tool', tool_call_id: call.id, content: stage.results[call.function.name] }));
    const last = await ask([...messages, message, ...results]);
    const calls = message.tool_calls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]);
    return [calls, last.content];
  },
  async structured(model) {
    const json_schema = { name: 'draft', schema: stage.draft, strict: true };
    const options = chatting.options(model, { response_format: { type: 'json_schema', json_schema } });
    return (await client.chat.completions.parse(options)).choices[0].message.parsed;
  },
};

const responding = {
  options: (model, more = {}) => (
    { model, instructions: stage.system, input: stage.question, max_output_tokens: stage.limit, store: false, ...more }),
  heard: ({ output_text, status, usage }) => [
    output_text, status, usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens,
  ],
  chat: async (model) => responding.heard(await client.responses.create(responding.options(model))),
  stream: async (model) => responding.heard(await client.responses.stream(responding.options(model)).finalResponse()),
  async *pieces(model) {
    for await (const event of await client.responses.create(responding.options(model, { stream: true }))) {
      if (event.type === 'response.output_text.delta') yield event.delta;
    }
  },
  async loop(model, stream) {
    const tools = functions.map((one) => ({ type: 'function', strict: false, ...one }));
    const ask = (input) => {
      const options = responding.options(model, { input, tools });
      return stream ? client.responses.stream(options).finalResponse() : client.responses.create(options);
    };
    const input = [{ role: 'user', content: stage.question }];
    const { output } = await ask(input);
    const made = output.filter((item) => item.type === 'function_call');
    const results = made.map((call) => (
      { type: 'function_call_output', call_id: call.call_id, output: stage.results[call.name] }));
    const calls = made.map((call) => [call.call_id, call.name, JSON.parse(call.arguments)]);
    return [calls, (await ask([...input, ...output, ...results])).output_text];
  },
  async structured(model) {
    const format = { type: 'json_schema', name: 'draft', schema: stage.draft, strict: true };
    return (await client.responses.parse(responding.options(model, { text: { format } }))).output_parsed;
  },
};

onEveryProvider('chat completions', { own: 'openai_chat', stop: 'stop', failed, broken, ...chatting });
onEveryProvider('Responses', { own: 'openai_responses', stop: 'completed', failed, broken, ...responding });
