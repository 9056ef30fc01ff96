// What every suite of a client for Node plays on (clients.py), and what every client must see whatever dialect the
// provider speaks.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { openStage } from './stage.mjs';

// A package of the folder that scripts/test prepared.
export const load = createRequire(path.join(path.resolve(process.env.SLUICE_NODE_MODULES), 'here'));

export const stage = await openStage('clients.py');
after(() => stage.stop());

const told = async (what) => (await fetch(`${stage.providers_url}/__${what}`)).json();

// What that dialect's provider was asked last.
const lastAsked = async (dialect) => (await told(`last/${dialect}`)).asked;

export async function thrownBy(action) {
  return action().then(() => assert.fail('nothing was thrown'), (thrown) => thrown);
}

async function heardBeforeThrowing(pieces) {
  let heard = '';
  const error = await thrownBy(async () => {
    for await (const piece of pieces) heard += piece;
  });
  return [heard, error];
}

// A client has
//   own                  its dialect
//   stop                 how an answer of words ends in it
//   chat(model)          asks stage.system and stage.question with stage.limit:
//                        [text, finish, prompt, cached, completion]
//   stream(model)        the same, streamed
//   pieces(model)        the texts of a stream
//   loop(model, stream)  asks with stage.tools, tells stage.results: [[[id, name, arguments]…], the last text]
//   structured(model)    the value that came after stage.draft
//   failed               for each failure, whether an error is as it should be
//   broken(error)        the same for a stream that broke
export function onEveryProvider(name, client) {
  const cases = {
    chat: async (dialect) => {
      const words = [stage.text, client.stop, ...stage.usage[dialect]];
      for (const stream of [false, true]) {
        assert.deepEqual(await (stream ? client.stream(dialect) : client.chat(dialect)), words);
        const asked = await lastAsked(dialect);
        assert.deepEqual([asked.system, asked.turns.at(-1).text], [stage.system, stage.question]);
        assert.deepEqual([asked.stream, asked.limit], [stream, stage.limit]);
      }
    },
    'tool loop': async (dialect) => {
      for (const stream of [false, true]) {
        const [calls, text] = await client.loop(dialect, stream);
        assert.deepEqual(calls.map((call) => call.slice(1)), stage.calls);
        assert.equal(new Set(calls.map((call) => call[0])).size, calls.length);
        const asked = await lastAsked(dialect);
        assert.deepEqual(asked.turns.at(-1).results.map((result) => result.name), Object.keys(stage.results));
        assert.deepEqual(asked.turns.at(-2).calls.map((call) => call.id), stage.ids[dialect]);
        for (const result of Object.values(stage.results)) assert.ok(text.includes(result), text);
        if (stream) continue;
        assert.ok(Object.values(asked.tools).every(Boolean));
        await client.loop(client.own, false);
        assert.deepEqual(asked.tools, (await lastAsked(client.own)).tools);
      }
    },
    'structured output': async (dialect) => {
      assert.deepEqual(await client.structured(dialect), stage.structured);
      const { schema } = await lastAsked(dialect);
      assert.ok(schema);
      await client.structured(client.own);
      assert.equal(schema, (await lastAsked(client.own)).schema);
    },
    failure: async (dialect) => {
      for (const [failure, fits] of Object.entries(client.failed)) {
        fits(await thrownBy(() => client.chat(`${dialect}-${failure}`)));
        fits((await heardBeforeThrowing(client.pieces(`${dialect}-${failure}`)))[1]);
      }
    },
    'broken stream': async (dialect) => {
      for (const broken of ['cut', 'failing']) {
        const [heard, error] = await heardBeforeThrowing(client.pieces(`${dialect}-${broken}`));
        assert.ok(heard && stage.text.startsWith(heard) && heard !== stage.text, heard);
        client.broken(error);
      }
    },
  };
  describe(name, () => {
    for (const [what, play] of Object.entries(cases)) {
      for (const dialect of stage.dialects) {
        test(`${what} on ${dialect}`, async () => {
          const before = (await told('complaints')).length;
          try {
            await play(dialect);
          } finally {
            assert.deepEqual((await told('complaints')).slice(before), []);
          }
        });
      }
    }
  });
}
