// The command line as a whole: every command's help, what is typed wrongly, completion in real shells, kubeconfigs for the real kubectl.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandEntry } from '../../cli/own-commands.ts';
import { run } from '../../core/process/run.ts';
import { tool } from '../tools/kubectl.ts';
import { startProgram } from './run-tool.ts';

const program = [process.execPath, join(import.meta.dirname, '../../cli/main.ts')];
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'zeroplane-line-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = () => ({ HOME: home });
const zeroplane = (...args: string[]) => startProgram([...program, ...args], { env: env() }).ended;

async function everyCommand(): Promise<CommandEntry[]> {
  const { code, stdout, stderr } = await zeroplane('help', '-o', 'json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

it('has help for every command and each of its flags, and says what to type where a flag is unknown', async () => {
  const commands = await everyCommand();
  const names = commands.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const expected of [
    'up',
    'down',
    'status',
    'doctor',
    'logs',
    'image build',
    'kubeconfig merge',
    'agent',
    'run',
    'version',
    'completion',
  ])
    expect(names).toContain(`zeroplane ${expected}`);
  for (const { name, description, flags } of commands) {
    expect(description, name).toMatch(/\S/);
    const [help, wrong] = await Promise.all([
      zeroplane(...name.split(' ').slice(1), '--help'),
      zeroplane(...name.split(' ').slice(1), '--nonsense'),
    ]);
    expect(help, name).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout, name).toMatch(new RegExp(`^${name} \\[flags\\]`));
    for (const [flag, { hidden, help: text }] of Object.entries(flags)) {
      expect(text, `${name} --${flag}`).toMatch(/\S/);
      expect(new RegExp(`--${flag}( |$)`, 'm').test(help.stdout), `${name} --${flag}`).toBe(!hidden);
    }
    expect(wrong.code, name).toBe(2);
    expect(wrong.stderr, name).toMatch(/`zeroplane [^`]+`/);
  }
}, 600_000);

it.each([
  [['staus'], 'there is no command "staus": did you mean `zeroplane status`?'],
  [['node', 'lits'], 'there is no command "node lits": did you mean `zeroplane node list`?'],
  [['help', 'staus'], 'did you mean `zeroplane status`?'],
  [['help', '-o', 'json', 'staus'], 'did you mean `zeroplane status`?'],
  [['deploy'], 'there is no command "deploy": `zeroplane --help` says what there is'],
  [['--data-dir', '/x', 'up'], 'a command is missing before "--data-dir"'],
  [
    ['status', '--kubeconfg', 'x'],
    "Unknown option '--kubeconfg' (did you mean --kubeconfig?): `zeroplane status --help`",
  ],
  [['status', '-o', 'yaml'], '--output: give text or json, not "yaml": `zeroplane status --help` says more'],
  [['node'], 'node token'],
])('%j: %s', async (args, said) => {
  const { code, stdout, stderr } = await zeroplane(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(said);
});

it.skipIf(process.getuid?.() !== 0)('says of a full disk what to do, and shows no stack', async () => {
  const full = join(home, 'full');
  mkdirSync(full);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full]);
  try {
    await run('sh', ['-c', `dd if=/dev/zero of=${full}/fill bs=4k 2>/dev/null; true`]);
    const file = join(home, 'mine.yaml');
    writeFileSync(file, 'apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n');
    const { code, stderr } = await zeroplane('kubeconfig', 'merge', file, '--into', join(full, 'config'));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^zeroplane: ENOSPC.*`df -h` says where there is none\n$/),
    ]);
  } finally {
    await run('umount', [full]);
  }
});

it('says its version, and of which Kubernetes', async () => {
  const own = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const { stdout } = await zeroplane('version', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ version: own.version, kubernetes: expect.stringMatching(/^v1\.36\./) });
  expect((await zeroplane('version')).stdout).toContain(`zeroplane ${own.version}, Kubernetes v1.36.`);
});

describe('completion', () => {
  const script = async (shell: string) => {
    const { code, stdout, stderr } = await zeroplane('completion', shell);
    expect(code, stderr).toBe(0);
    const file = join(home, `completion.${shell}`);
    writeFileSync(file, stdout);
    return file;
  };

  it('completes in bash what the table of commands has', async () => {
    const file = await script('bash');
    writeFileSync(join(home, 'kube.yaml'), '');
    const complete = async (...words: string[]) => {
      const code = `source ${file}; cd ${home}; COMP_WORDS=(zeroplane "$@"); COMP_CWORD=$#; _zeroplane; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = await startProgram(['bash', '--norc', '-euc', code, 'bash', ...words], {}).ended;
      expect(stderr).toBe('');
      return stdout.trim().split('\n');
    };
    const commands = await everyCommand();
    const first = new Set(commands.map(({ name }) => name.split(' ')[1]));
    expect(new Set(await complete(''))).toEqual(first);
    expect(await complete('ke')).toEqual(['keys']);
    expect(await complete('keys', '')).toEqual(['retire', 'rotate']);
    expect(await complete('keys', 'rotate', 'enc')).toEqual(['encryption']);
    expect(await complete('status', '--kube')).toEqual(['--kubeconfig']);
    expect(await complete('status', '--kubeconfig', 'ku')).toEqual(['kube.yaml']);
    expect(await complete('status', '-o', '')).toEqual(['text', 'json']);
    expect(await complete('node', 'token', '--hours', '')).toEqual(['']);
    expect(await complete('agent', 'un')).toEqual(['uninstall']);
    expect(await complete('run', '--', 'sta')).toEqual(['']);
  });

  it.each([
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ])('is a script that %s takes, where there is one', async (shell, check) => {
    const file = await script(shell);
    expect(readFileSync(file, 'utf8')).toContain('kubeconfig');
    if (!['/bin', '/usr/bin'].some((folder) => existsSync(join(folder, shell)))) return;
    expect(await startProgram([shell, check, file], { env: env() }).ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('knows no other shell', async () => {
    expect((await zeroplane('completion', 'csh')).stderr).toContain('is none of bash, zsh, fish');
  });
});

describe('kubeconfig', () => {
  const kubectl = async (...args: string[]) =>
    (await startProgram([tool('kubectl'), 'config', ...args], { env: env() }).ended).stdout;
  const config = (server: string, user: object) =>
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'zeroplane' },
      clusters: [{ name: 'zeroplane', cluster: { server, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'admin', user }],
      contexts: [{ name: 'zeroplane', context: { cluster: 'zeroplane', user: 'admin', namespace: 'web' } }],
    });

  it('brings many clusters into one file, and kubectl to each', async () => {
    const [one, two] = [join(home, 'one'), join(home, 'two')];
    mkdirSync(join(home, 'elsewhere'));
    const three = join(home, 'elsewhere', 'three');
    writeFileSync(one, config('https://one:6443', { token: 'first' }));
    writeFileSync(two, config('https://two:6443', { token: 'second' }));
    writeFileSync(three, config('https://three:6443', { token: 'third' }));
    expect(await zeroplane('kubeconfig', 'merge', one)).toMatchObject({ code: 0 });
    const own = join(home, '.kube/config');
    expect(statSync(own).mode & 0o777).toBe(0o600);
    expect(await kubectl('current-context')).toBe('zeroplane\n');
    // Another cluster of the same name is not put in its place.
    const refused = await zeroplane('kubeconfig', 'merge', two);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /has a context zeroplane of another server, https:\/\/one:6443: give this one a name of its own with --name/,
    );
    expect(await zeroplane('kubeconfig', 'merge', two, '--name', 'two')).toMatchObject({ code: 0 });
    expect(await kubectl('current-context')).toBe('zeroplane\n');
    expect(await zeroplane('kubeconfig', 'merge', three, '--name', 'three', '--switch')).toMatchObject({ code: 0 });
    expect(await kubectl('current-context')).toBe('three\n');
    expect(
      await kubectl(
        'view',
        '--minify',
        '--raw',
        '-o',
        'jsonpath={.clusters[0].cluster.server} {.users[0].user.token} {.clusters[0].cluster.certificate-authority} {.contexts[0].context.namespace}',
      ),
    ).toBe(`https://three:6443 third ${join(home, 'elsewhere', 'ca.crt')} web`);
    // What was renewed takes its place.
    writeFileSync(one, config('https://one:6443', { token: 'renewed' }));
    expect(await zeroplane('kubeconfig', 'merge', one)).toMatchObject({ code: 0 });
    expect(await zeroplane('kubeconfig', 'switch', 'zeroplane')).toMatchObject({ code: 0 });
    expect(await kubectl('view', '--minify', '--raw', '-o', 'jsonpath={.users[0].user.token}')).toBe('renewed');
    const { stdout } = await zeroplane('kubeconfig', 'switch', '-o', 'json');
    expect(JSON.parse(stdout).map(({ name, current }: { name: string; current: boolean }) => [name, current])).toEqual([
      ['two', false],
      ['three', false],
      ['zeroplane', true],
    ]);
    expect((await zeroplane('kubeconfig', 'switch', 'four')).stderr).toContain(
      'there is no context "four": `zeroplane kubeconfig switch`',
    );
  });

  it('refuses what is no kubeconfig, and leaves the file as it was', async () => {
    const [file, into] = [join(home, 'list'), join(home, 'into')];
    for (const text of ['[1, 2]', 'contexts: 3', '{', 'clusters: [1]\nusers: {}']) {
      writeFileSync(file, text);
      writeFileSync(into, config('https://one:6443', {}));
      const { code, stderr } = await zeroplane('kubeconfig', 'merge', file, '--into', into, '--name', 'x');
      expect(code, text).toBe(1);
      expect(stderr, text).not.toMatch(/^\s+at /m);
      expect(readFileSync(into, 'utf8')).toBe(config('https://one:6443', {}));
    }
  });
});
