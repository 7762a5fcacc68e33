import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1PersistentVolume } from '../../generated/kubernetes.ts';
import { linuxFiles } from '../files/linux-files.ts';
import { createLocalPathVolumes } from './local-path.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'local-path-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function open() {
  const log = { info: () => {}, warn: () => {} };
  return createLocalPathVolumes({ nodeName: 'n1', files: linuxFiles, stateFile: path.join(root, 'volumes.json'), log });
}

function volume(directory: string, change: { node?: string; policy?: string } = {}): V1PersistentVolume {
  mkdirSync(path.join(root, directory), { recursive: true });
  writeFileSync(path.join(root, directory, 'data'), 'x');
  return {
    metadata: {
      name: 'pvc-1',
      annotations: {
        'pv.kubernetes.io/provisioned-by': 'zeroplane.dev/local-path',
        'volume.kubernetes.io/selected-node': change.node ?? 'n1',
      },
    },
    spec: {
      hostPath: { path: path.join(root, directory) },
      persistentVolumeReclaimPolicy: change.policy ?? 'Delete',
    },
  };
}

const directory = 'pvc-1_default_data';
const exists = (name: string) => existsSync(path.join(root, name, 'data'));

describe('the directory of a local-path volume', () => {
  it('goes with its volume', async () => {
    const volumes = open();
    await volumes.apply([volume(directory)], true);
    expect(exists(directory)).toBe(true);
    await volumes.apply([], true);
    expect(existsSync(path.join(root, directory))).toBe(false);
  });

  it('goes when the volume was deleted while the agent was away', async () => {
    await open().apply([volume(directory)], true);
    await open().apply([], true);
    expect(exists(directory)).toBe(false);
  });

  it('stays until the API itself has said that the volume is gone', async () => {
    const volumes = open();
    await volumes.apply([volume(directory)], true);
    await volumes.apply([], false);
    expect(exists(directory)).toBe(true);
  });

  it('stays when the volume is of another node, or was given the policy Retain', async () => {
    for (const change of [{ node: 'n2' }, { policy: 'Retain' }]) {
      const volumes = open();
      await volumes.apply([volume(directory)], true);
      await volumes.apply([volume(directory, change)], true);
      await volumes.apply([], true);
      expect(exists(directory)).toBe(true);
    }
  });

  it('is never one that does not bear the name of its volume', async () => {
    const volumes = open();
    await volumes.apply([volume('precious')], true);
    await volumes.apply([], true);
    expect(exists('precious')).toBe(true);
  });
});
