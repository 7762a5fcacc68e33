import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../api-client/api-client.ts';
import { type ControlPlane, createControlPlane } from './control-plane.ts';

let directory: string;
let controlPlane: ControlPlane;
let asked = 0;
/** What the API has of pods, by name. */
let version = 0;

const pod = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'default', resourceVersion: String(version) },
});
const api: Pick<ApiClient, 'json'> = {
  async json() {
    asked += 1;
    const state = { cursor: String(version), full: asked === 1, resources: { pods: { put: [pod()] } } };
    return JSON.parse(JSON.stringify(state));
  },
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zp-desired-'));
  asked = 0;
  version = 1;
});
afterEach(() => {
  controlPlane.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Starts, and calls `onChange` with each change. */
async function start(onChange: () => void): Promise<void> {
  controlPlane = createControlPlane({
    api,
    nodeName: 'n',
    stateFile: join(directory, 'state'),
    random: () => 0,
    queue: {
      receive: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      acknowledge: async () => undefined,
    },
    onDesired: onChange,
    onStream: () => undefined,
    log: { info: () => undefined, warn: () => undefined },
  });
  await controlPlane.start();
}

describe('the desired state', () => {
  it('is asked for once for what is told of in quick succession, and what came last is in it', async () => {
    const seen: (string | undefined)[] = [];
    let done = () => {};
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    await start(() => {
      const { resourceVersion } = controlPlane.objects.list<ReturnType<typeof pod>>('pods')[0]?.metadata ?? {};
      seen.push(resourceVersion);
      if (resourceVersion !== '1') return done();
      for (; version < 11; version += 1) queueMicrotask(controlPlane.fetch);
    });
    await all;
    expect([seen, asked]).toEqual([['1', '11'], 2]);
  });

  it('is kept on disk, whatever changes while it is written', async () => {
    await start(() => {
      if (version < 5) {
        version += 1;
        controlPlane.fetch();
      }
    });
    const kept = () => readFileSync(join(directory, 'state'), 'utf8');
    await expect.poll(kept, { timeout: 5000, interval: 20 }).toContain('"resourceVersion":"5"');
  });
});
