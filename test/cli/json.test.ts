// `-o json`: every command there is, so that programs need to read no text.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandEntry } from '../../cli/own-commands.ts';
import { startCluster, type TestCluster } from '../tools/cluster.ts';
import { exampleArchive } from '../tools/images.ts';
import { startProgram, zeroplaneOn } from './run-tool.ts';

const busybox = 'zeroplane.local/busybox:1';
/** Of whom no answer is had here, and why; their flag is looked at all the same. */
const notRun: Readonly<Record<string, string>> = {
  images: 'it fetches Debian packages',
  connect: 'it serves until it is stopped, a cluster on AWS: test/aws/connect.test.ts',
  'connect-token': 'the same; it prints nothing but JSON',
};
/** It reads its own line, and is a process of a node. */
const daemon = 'agent';

interface Row {
  readonly args: readonly string[];
  /** What the answer is, or each line of it. */
  readonly says: unknown;
  readonly lines?: true;
  readonly code?: number;
}

describe.skipIf(process.getuid?.() !== 0)('-o json (needs root)', { timeout: 400_000 }, () => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-json-'));
    cluster = await startCluster('zpcli9', '10.215.9');
    await cluster.kubectl('create', 'configmap', 'settings', '--from-literal=a=1');
    await cluster.kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"a":"2"}}');
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    mkdirSync(join(folder, 'bin'));
    copyFileSync(await exampleArchive(busybox), join(folder, 'built.tar'));
    const buildctl = `#!/bin/sh\n[ "$1" = debug ] && exit\nfor last; do :; done\ncp ${folder}/built.tar "\${last##*dest=}"\n`;
    writeFileSync(join(folder, 'bin/buildctl'), buildctl, { mode: 0o755 });
  });
  afterAll(async () => {
    await cluster?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const zeroplane = (...args: readonly string[]) =>
    startProgram([...zeroplaneOn(cluster), ...args], {
      env: {
        ...{ HOME: folder, KUBECONFIG: cluster.kubeconfig, PATH: `${folder}/bin:${process.env['PATH']}` },
        ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      },
    }).ended;

  /** In the order in which they run: what ends the cluster comes last. */
  function rows(node: string): Readonly<Record<string, Row>> {
    const here = ['--data-dir', cluster.dataDir];
    const aws = ['--cluster', 'c', '--region', 'us-east-1'];
    const server = expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+/);
    const text = expect.any(String);
    return {
      version: { args: [], says: { kubernetes: expect.stringMatching(/^v1\.36/) } },
      help: { args: ['up'], says: [{ name: 'zeroplane up' }] },
      completion: { args: ['bash'], says: { shell: 'bash', script: text } },
      up: { args: ['--detach', ...here], says: { server, kubeconfig: cluster.kubeconfig, node: text, detached: true } },
      status: { args: here, says: { healthy: true, findings: expect.any(Array) } },
      doctor: { args: ['cluster', ...here], says: { healthy: true } },
      logs: { args: ['apiserver', '--lines', '3', ...here], says: expect.any(Object), lines: true },
      'image load': { args: [join(folder, 'built.tar'), ...here], says: { loaded: [busybox] } },
      'image build': { args: ['--tag', busybox, folder, ...here], says: { loaded: [busybox] } },
      'image list': { args: here, says: expect.arrayContaining([{ node: text, name: busybox }]) },
      'kubeconfig merge': {
        args: ['--into', join(folder, 'config'), '--name', 'mine', ...here],
        says: { file: join(folder, 'config'), contexts: ['mine'], current: 'mine' },
      },
      'kubeconfig switch': { args: [], says: [{ current: true, name: text }] },
      kubeconfig: {
        args: ['--aws', '--direct', '--server', 'https://x.test', ...aws],
        says: { kind: 'Config', clusters: [{ cluster: { server: 'https://x.test' } }] },
      },
      'aws-token': { args: aws, says: { kind: 'ExecCredential' } },
      'join-token': { args: [], says: { kind: 'Secret', type: 'bootstrap.kubernetes.io/token' } },
      'node token': { args: ['--quiet', ...here], says: { token: text, line: text } },
      'node list': { args: here, says: [{ name: text }] },
      trust: { args: ['github:acme'], says: { kind: 'List', items: expect.any(Array) } },
      history: { args: ['cm/settings'], says: { complete: true, items: expect.any(Array) } },
      get: { args: ['cm/settings', '--at', '0s'], says: { kind: 'ConfigMap', data: { a: '2' } } },
      diff: { args: ['cm/settings', '--at', '0s'], says: [] },
      undo: { args: ['cm/settings', '--yes'], says: { done: true, changes: [{ before: '2', after: '1' }] } },
      run: { args: ['--image', busybox, '--', 'true'], says: { type: text }, lines: true },
      'cluster create': { args: ['one', ...here], says: { name: 'one', server, kubeconfig: { kind: 'Config' } } },
      'cluster list': { args: here, says: [{ metadata: { name: 'one' } }] },
      'cluster kubeconfig': { args: ['one', ...here], says: { kind: 'Config' } },
      'cluster delete': { args: ['one', ...here], says: { name: 'one', deleted: true } },
      'keys rotate': { args: ['encryption', ...here], says: { kind: 'encryption', rewritten: expect.any(Number) } },
      'keys retire': { args: ['service-account', ...here], says: { kind: 'service-account', gone: 0 } },
      upgrade: { args: here, says: { changed: false, version: text } },
      backup: {
        args: [join(folder, 'copy.db'), ...here],
        says: { file: join(folder, 'copy.db'), bytes: expect.any(Number) },
      },
      'node drain': { args: [node, '--force', ...here], says: { drained: true } },
      down: { args: here, says: { cluster: true, purged: false } },
      restore: { args: [join(folder, 'copy.db'), ...here], says: { file: join(folder, 'copy.db'), previous: text } },
      'node remove': { args: ['none', ...here], says: undefined, code: 1 },
    };
  }

  it('is had of every command, and is all that stands in the standard output', async () => {
    const listed = JSON.parse((await zeroplane('help', '-o', 'json')).stdout) as readonly CommandEntry[];
    const named = listed.map(({ name }) => name.replace(/^zeroplane /, '')).filter((name) => name !== daemon);
    const table = rows(await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'));
    expect([...Object.keys(table), ...Object.keys(notRun)].sort()).toEqual(named.sort());
    for (const { name, flags } of listed)
      if (name !== `zeroplane ${daemon}`)
        expect([name, flags['output']?.help]).toEqual([name, expect.stringContaining('json')]);
    for (const [name, { args, says, lines, code = 0 }] of Object.entries(table)) {
      const [flags, rest] = args.includes('--')
        ? [args.slice(0, args.indexOf('--')), args.slice(args.indexOf('--'))]
        : [args, []];
      const ran = await zeroplane(...name.split(' '), ...flags, '-o', 'json', ...rest);
      expect.soft([name, ran.code, ran.stderr]).toEqual([name, code, expect.any(String)]);
      if (says === undefined) expect([name, ran.stdout]).toEqual([name, '']);
      else if (lines)
        for (const line of ran.stdout.trim().split('\n')) expect(JSON.parse(line), name).toEqual(matching(says));
      else expect.soft(JSON.parse(ran.stdout), name).toMatchObject(Object(says));
    }
  });
});

function matching(says: unknown): unknown {
  return says !== null && typeof says === 'object' && !('asymmetricMatch' in says)
    ? expect.objectContaining(says)
    : says;
}
