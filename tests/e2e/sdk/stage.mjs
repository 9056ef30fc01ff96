// The stage of a suite for Node, in a process of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

// Plays a Python program of this folder (stage.py, clients.py) that starts providers and the gateway: what it says of
// them, and `stop`, which insists that the gateway ends cleanly.
export async function openStage(program, ...options) {
  const script = path.join(import.meta.dirname, program);
  const child = spawn(process.env.SLUICE_PYTHON, [script, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  assert.equal(typeof line[0], 'string', 'the stage did not open');
  const stop = async () => {
    child.stdin.end();
    assert.equal((await ended)[0], 0, 'the gateway did not end cleanly');
  };
  return { ...JSON.parse(line[0]), stop };
}
