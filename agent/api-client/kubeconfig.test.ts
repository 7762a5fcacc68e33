import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKubeconfig } from './kubeconfig.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function kubeconfig(cluster: object, user: object, current = 'here'): string {
  const file = join(folder, 'config');
  const config = {
    'current-context': current,
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML
  return file;
}

/** A plugin that prints what it was given. */
function plugin(name: string, lines: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return file;
}

const server = 'https://api.example:6443/';

describe('a kubeconfig', () => {
  it('gives certificates from data and from files beside it', async () => {
    writeFileSync(join(folder, 'key.pem'), 'KEY');
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const file = kubeconfig(
      { server, 'certificate-authority-data': base64('CA') },
      { 'client-certificate-data': base64('CERT'), 'client-key': 'key.pem' },
    );
    expect(await readKubeconfig(file)).toEqual({
      server: 'https://api.example:6443',
      ca: 'CA',
      cert: 'CERT',
      key: 'KEY',
    });
  });

  it('says the namespace of its context', async () => {
    const file = kubeconfig({ server }, {});
    expect(await readKubeconfig(file)).not.toHaveProperty('namespace');
    const config = readFileSync(file, 'utf8').replace('"user":"u"', '"user":"u","namespace":"team"');
    writeFileSync(file, config);
    expect(await readKubeconfig(file)).toMatchObject({ namespace: 'team' });
  });

  it('asks its plugin, also where that has no arguments and no environment', async () => {
    const credential = (token: string) => `echo '{"status": {"token": "'${token}'"}}'`;
    const bare = { command: plugin('bare', credential('bare')), args: null, env: null };
    expect(await readKubeconfig(kubeconfig({ server }, { exec: bare }))).toMatchObject({ token: 'bare' });
    const told = { command: plugin('told', credential('$1-$MORE')), args: ['a'], env: [{ name: 'MORE', value: 'b' }] };
    expect(await readKubeconfig(kubeconfig({ server }, { exec: told }))).toMatchObject({ token: 'a-b' });
  });

  it('that cannot be used is told of by its name', async () => {
    const silent = { command: plugin('silent', 'echo {}') };
    const reading = (file: string) => expect(readKubeconfig(file));
    await reading(kubeconfig({ server }, { exec: silent })).rejects.toThrow('gave no token');
    await reading(kubeconfig({}, {})).rejects.toThrow('no current context with a cluster');
    await reading(kubeconfig({ server }, {}, 'elsewhere')).rejects.toThrow('no current context with a cluster');
    await reading(join(folder, 'none')).rejects.toThrow('cannot read');
  });
});
