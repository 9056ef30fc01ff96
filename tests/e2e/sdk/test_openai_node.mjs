// The official `openai` package for Node against the gateway and a scripted upstream (stage.py plays both).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';

import { openStage } from './stage.mjs';

const modules = path.resolve(process.env.SLUICE_NODE_MODULES);
const { OpenAI, toFile } = createRequire(import.meta.url)(path.join(modules, 'openai'));

// What script.py says.
const content = 'Bonjour, w\u00f6rld \u{1f30a}\n"quoted" back\\slash, the end.';
const weather = '{"city": "Z\u00fcrich", "unit": "celsius"}';
const clock = '{"zone": "Europe/Zurich"}';
const messages = [{ role: 'user', content: 'Good morning, \u4e16\u754c' }];

const clientOf = (stage, options = {}) =>
  new OpenAI({ baseURL: stage.base_url, apiKey: stage.keys.app, maxRetries: 0, timeout: 30_000, ...options });

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join('');

let stage;
const client = (options) => clientOf(stage, options);
const chat = (model, more = {}, options = {}) =>
  client().chat.completions.create({ model, messages, ...more }, options);

// The requests the upstream saw under its own name of the model.
async function requestsOf(model) {
  const all = await (await fetch(`${stage.upstream_url}/__requests`)).json();
  const mine = all.filter((one) => one.model === model);
  return mine.map((one) => ({ ...one, body: Buffer.from(one.body, 'base64').toString() }));
}

// What the promise throws: an error of that class, with that status and code, in the shape of OpenAI's error object.
async function refused(promise, kind, status, code) {
  const error = await promise.then(() => assert.fail('nothing was thrown'), (thrown) => thrown);
  assert.ok(error instanceof kind, `${error?.constructor?.name}: ${error?.message}`);
  assert.deepEqual([error.status, error.code], [status, code]);
  assert.deepEqual(Object.keys(error.error).sort(), ['code', 'message', 'param', 'type']);
  return error;
}

describe('over plain HTTP', () => {
  before(async () => { stage = await openStage('stage.py'); });
  after(() => stage?.stop());

  test('a transcript of a file that comes before its model', async () => {
    const sound = Buffer.alloc(3_000_000, 'sound');
    const file = await toFile(sound, 'a.wav');
    const { text } = await client().audio.transcriptions.create({ file, model: 'assistant' });
    assert.equal(text, createHash('sha256').update(sound).digest('hex'));
  });

  test('chat answers, counts and names its request', async () => {
    const { data, response, request_id } = await chat('assistant').withResponse();
    assert.equal(data.choices[0].message.content, content);
    assert.equal(data.usage.total_tokens, 18);
    assert.match(request_id, /^[A-Za-z0-9._-]{1,128}$/);
    assert.equal(data._request_id, request_id);
    assert.equal(response.headers.get('x-sluice-provider'), 'scripted');
  });

  test('a stream has the same content and no chunk without choices', async () => {
    const chunks = await collect(await chat('assistant', { stream: true }));
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
    assert.equal(textOf(chunks), content);
  });

  test('usage comes last when it was asked for', async () => {
    const chunks = await collect(await chat('assistant', { stream: true, stream_options: { include_usage: true } }));
    const last = chunks.pop();
    assert.deepEqual([last.choices, last.usage.total_tokens], [[], 18]);
    assert.equal(textOf(chunks), content);
  });

  test('tool calls, whole and streamed', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
    const answer = await chat('tools-parallel', { tools });
    assert.deepEqual(answer.choices[0].message.tool_calls.map((call) => call.function.arguments), [weather, clock]);
    const together = ['', ''];
    for (const chunk of await collect(await chat('tools-parallel', { tools, stream: true }))) {
      for (const call of chunk.choices[0].delta.tool_calls ?? []) together[call.index] += call.function.arguments;
    }
    assert.deepEqual(together, [weather, clock]);
    assert.deepEqual(JSON.parse((await requestsOf('tools-parallel'))[0].body).tools, tools);
  });

  test('embeddings and completions', async () => {
    const { data } = await client().embeddings.create({ model: 'assistant', input: ['short', 'longer'] });
    assert.deepEqual(data.map((one) => one.embedding), [[1.25, 0.625, -0.5, 0], [1.5, 0.75, -0.5, 0]]);
    const completion = await client().completions.create({ model: 'assistant', prompt: 'Once' });
    assert.equal(completion.choices[0].text, content);
  });

  test('models, their slashes included', async () => {
    const ids = (await collect(await client().models.list())).map((model) => model.id);
    assert.ok(ids.includes('assistant') && ids.includes('vendor/family/chat'));
    assert.equal((await client().models.retrieve('vendor/family/chat')).id, 'vendor/family/chat');
    await refused(client().models.retrieve('no/such/model'), OpenAI.NotFoundError, 404, 'model_not_found');
  });

  test('errors arrive as the classes of the SDK', async () => {
    const stranger = client({ apiKey: 'sk-nobody' }).chat.completions.create({ model: 'assistant', messages });
    const wrongKey = await refused(stranger, OpenAI.AuthenticationError, 401, 'invalid_api_key');
    assert.ok(wrongKey.requestID);
    const limited = client({ apiKey: stage.keys.limited }).chat.completions.create({ model: 'tools', messages });
    await refused(limited, OpenAI.PermissionDeniedError, 403, 'model_not_allowed');
    await refused(chat('no-such-model'), OpenAI.NotFoundError, 404, 'model_not_found');
    await refused(chat('error-500'), OpenAI.InternalServerError, 502, 'upstream_error');
    await refused(chat('error-401'), OpenAI.InternalServerError, 502, 'upstream_auth');
    await refused(chat('slow-to-start'), OpenAI.InternalServerError, 504, 'upstream_timeout');
    await assert.rejects(chat('all-busy'), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.headers.get('retry-after'), '3');
      return true;
    });
  });

  test("the provider's verdict on a request passes", async () => {
    for (const [status, kind] of [[400, OpenAI.BadRequestError], [422, OpenAI.UnprocessableEntityError]]) {
      await assert.rejects(chat(`error-${status}`), (error) => {
        assert.ok(error instanceof kind);
        assert.deepEqual([error.code, error.error.x_detail], [`scripted_${status}`, [1]]);
        return true;
      });
    }
  });

  test('the SDK retries a 429 by itself', async () => {
    const answer = await client({ maxRetries: 2 }).chat.completions.create({ model: 'busy-1', messages });
    assert.equal(answer.choices[0].message.content, content);
    assert.equal((await requestsOf('busy-1')).length, 2);
  });

  test("the client's own timeout", async () => {
    await assert.rejects(chat('hang', {}, { timeout: 500 }), OpenAI.APIConnectionTimeoutError);
  });

  test('a stream that broke raises, whatever broke it', async () => {
    for (const model of ['cut-3', 'reset-3', 'end-3', 'error-event-3']) {
      let seen = '';
      await assert.rejects(
        async () => {
          for await (const chunk of await chat(model, { stream: true })) seen += chunk.choices[0].delta.content ?? '';
        },
        (error) => {
          assert.ok(error instanceof OpenAI.APIError, model);
          assert.equal(error.code, model === 'error-event-3' ? 'scripted' : 'upstream_error');
          return true;
        },
      );
      assert.equal(seen, 'Bonjour, ', model);
    }
  });

  test('what fails before the first event falls back', async () => {
    const { data, response } = await chat('rescued', { stream: true }).withResponse();
    assert.equal(response.headers.get('x-sluice-attempts'), '3');
    assert.equal(textOf(await collect(data)), content);
  });
});

describe('over TLS on both sides', () => {
  let secure;
  before(async () => { secure = await openStage('stage.py', '--tls'); });
  after(() => secure?.stop());

  test('the gateway is refused while its authority is unknown, then answers and streams', async () => {
    await assert.rejects(clientOf(secure).models.list(), OpenAI.APIConnectionError);
    tls.setDefaultCACertificates([secure.authority]);
    const answer = await clientOf(secure).chat.completions.create({ model: 'assistant', messages });
    assert.equal(answer.choices[0].message.content, content);
    const stream = await clientOf(secure).chat.completions.create({ model: 'assistant', messages, stream: true });
    assert.equal(textOf(await collect(stream)), content);
    const cut = await clientOf(secure).chat.completions.create({ model: 'cut-3', messages, stream: true });
    await assert.rejects(collect(cut), OpenAI.APIError);
  });
});
