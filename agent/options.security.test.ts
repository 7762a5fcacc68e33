import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tried } from '../test/tools/tried.ts';
import { parseOptions } from './options.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const base = () => [
  'join',
  '--server',
  'https://api.example.com',
  '--data-dir',
  folder,
  '--node-name',
  'n',
  '--node-ip',
  '10.0.0.1',
];

describe('a join token', () => {
  it('is refused on the command line, where every user of the machine reads it', async () => {
    await expect(parseOptions([...base(), '--token', 'abcdef.0123456789abcdef'])).rejects.toThrow('--token-file FILE');
    await expect(
      parseOptions(base().slice(1).concat('--token', 'a', '--certificate-authority', '/dev/null')),
    ).rejects.toThrow('everybody on this machine can read it there');
    tried('tokens on command lines', 2);
  });

  it('comes from a file, or from a variable that nothing inherits', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'abcdef.0123456789abcdef\n');
    const proof = { kind: 'token', token: { bearer: 'abcdef.0123456789abcdef' } };
    expect(await parseOptions([...base(), '--token-file', file])).toMatchObject({ join: { proof } });
    vi.stubEnv('ZEROPLANE_TOKEN', proof.token.bearer);
    expect(await parseOptions(base())).toMatchObject({ join: { proof } });
    expect(process.env['ZEROPLANE_TOKEN']).toBeUndefined();
    expect(await parseOptions(base())).toMatchObject({ join: { proof: undefined } });
  });

  it('is one token and nothing else', async () => {
    const file = join(folder, 'token');
    for (const text of ['', 'two tokens', 'a\nb', 'a\0b']) {
      writeFileSync(file, text);
      await expect(parseOptions([...base(), '--token-file', file])).rejects.toThrow('--token-file');
    }
  });
});
