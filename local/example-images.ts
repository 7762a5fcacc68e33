// The images that the manifests under examples/ use, built from programs of this machine and from Debian packages, so that
// the examples run where no registry can be reached.

import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageFile, ImageSpec } from '../agent/images/oci.ts';
import { run } from '../core/process/run.ts';
import { UserError } from './user-error.ts';

export interface ExampleImage {
  readonly name: string;
  readonly build: (say: (line: string) => void) => Promise<ImageSpec>;
}

const exec = (program: string, args: readonly string[]) =>
  run(program, args, { timeoutMs: 600_000, environment: { DEBIAN_FRONTEND: 'noninteractive' } });

const accounts: readonly ImageFile[] = [
  { path: '/etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' },
  { path: '/etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
  { path: '/tmp', directory: true, mode: 0o1777 },
  { path: '/root', directory: true, mode: 0o700 },
];

/** busybox alone, and busybox as a web server that serves /www on port 8080. */
export const busyboxImages: readonly ExampleImage[] = [
  {
    name: 'zeroplane.local/busybox:1',
    build: async () => ({
      name: 'zeroplane.local/busybox:1',
      files: [...accounts, ...(await busybox())],
      cmd: ['/bin/sh'],
    }),
  },
  {
    name: 'zeroplane.local/web:1',
    build: async () => ({
      name: 'zeroplane.local/web:1',
      files: [...accounts, ...(await busybox()), { path: '/www/index.html', content: 'It works.\n' }],
      // As process 1 httpd would ignore SIGTERM: the shell takes it.
      entrypoint: ['/bin/sh', '-c', "httpd -f -p 8080 -h /www & trap 'kill $!' TERM; wait $!"],
      ports: ['8080/tcp'],
    }),
  },
];

/** Larger ones, made on request: Node from npm's packages, nginx and redis from Debian's. */
export const packageImages: readonly ExampleImage[] = [
  {
    name: 'zeroplane.local/node:24',
    build: async () => ({
      name: 'zeroplane.local/node:24',
      files: [...accounts, ...(await busybox()), ...(await program(process.execPath, '/usr/local/bin/node'))],
      cmd: ['/usr/local/bin/node'],
    }),
  },
  {
    name: 'zeroplane.local/nginx:1',
    build: async (say) => ({
      name: 'zeroplane.local/nginx:1',
      files: [...(await debianFiles(['nginx-light', 'busybox-static'], say)), { path: '/run', directory: true }],
      entrypoint: ['/usr/sbin/nginx', '-g', 'daemon off; error_log /dev/stderr;'],
      ports: ['80/tcp'],
      stopSignal: 'SIGQUIT',
    }),
  },
  {
    name: 'zeroplane.local/redis:7',
    build: async (say) => ({
      name: 'zeroplane.local/redis:7',
      files: [...(await debianFiles(['redis-server', 'busybox-static'], say)), { path: '/data', directory: true }],
      entrypoint: ['/usr/bin/redis-server', '--dir', '/data', '--protected-mode', 'no'],
      ports: ['6379/tcp'],
    }),
  },
];

async function busybox(): Promise<ImageFile[]> {
  const { stdout } = await exec('/bin/busybox', ['--list']);
  const applets = stdout
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox');
  const links = applets.map((name) => ({ path: `/bin/${name}`, symlink: '/bin/busybox' }));
  return [...(await program('/bin/busybox', '/bin/busybox')), ...links];
}

/** A program at `target`, with the shared libraries that it needs at their own paths. */
export async function program(source: string, target: string): Promise<ImageFile[]> {
  const files: ImageFile[] = [{ path: target, content: readFileSync(realpathSync(source)), mode: 0o755 }];
  // ldd exits non-zero for a static program: nothing to add.
  const { stdout } = await exec('ldd', [source]).catch(() => ({ stdout: '' }));
  for (const [, path = ''] of stdout.matchAll(/(?<=\s)(\/\S+) \(0x/g)) {
    files.push({ path, content: readFileSync(realpathSync(path)), mode: 0o755 });
  }
  return files;
}

/** The files of Debian packages and of everything they depend on, without documentation; nothing is installed here. */
async function debianFiles(packages: readonly string[], say: (line: string) => void): Promise<ImageFile[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'zeroplane-debian-'));
  try {
    say(`fetching ${packages.join(', ')} and what they depend on`);
    await download(scratch, packages);
    const root = join(scratch, 'root');
    const archives = readdirSync(join(scratch, 'archives')).filter((name) => name.endsWith('.deb'));
    say(`unpacking ${archives.length} packages`);
    for (const archive of archives) await exec('dpkg-deb', ['-x', join(scratch, 'archives', archive), root]);
    const files = collect(root, '', (path) => !/^\/usr\/share\/(doc|man|locale|info|lintian)(\/|$)/.test(path));
    const present = new Set(files.map((file) => file.path));
    // What maintainer scripts would have made: the shell's name and the accounts.
    const shell: ImageFile[] = present.has('/bin/sh') ? [] : [{ path: '/bin/sh', symlink: '/bin/busybox' }];
    const users: ImageFile[] = [
      {
        path: '/etc/passwd',
        content: `${'root:x:0:0:root:/root:/bin/sh\n'}www-data:x:33:33::/var/www:/bin/false\nnobody:x:65534:65534::/:/bin/false\n`,
      },
      { path: '/etc/group', content: 'root:x:0:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\n' },
    ];
    return [...files, ...shell, ...users];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function download(scratch: string, packages: readonly string[]): Promise<void> {
  await exec('mkdir', ['-p', join(scratch, 'archives/partial')]);
  await exec('touch', [join(scratch, 'status')]);
  // An empty status file makes apt take every dependency, also those that this machine has.
  const options = [
    `Dir::State::status=${join(scratch, 'status')}`,
    `Dir::Cache::archives=${join(scratch, 'archives')}`,
  ];
  const args = options.flatMap((each) => ['-o', each]);
  try {
    await exec('apt-get', [...args, 'install', '-q', '-y', '--download-only', '--no-install-recommends', ...packages]);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error);
    throw new UserError(`cannot fetch Debian packages ${packages.join(', ')} (run \`apt-get update\` first?): ${why}`);
  }
}

function collect(root: string, path: string, wanted: (path: string) => boolean): ImageFile[] {
  const files: ImageFile[] = [];
  for (const name of readdirSync(join(root, path)).sort()) {
    const inside = `${path}/${name}`;
    if (!wanted(inside)) continue;
    const real = join(root, inside);
    const info = lstatSync(real);
    const mode = info.mode & 0o7777;
    if (info.isSymbolicLink()) files.push({ path: inside, symlink: readlinkSync(real) });
    else if (info.isDirectory()) files.push({ path: inside, directory: true, mode }, ...collect(root, inside, wanted));
    else if (info.isFile()) files.push({ path: inside, content: readFileSync(real), mode });
  }
  return files;
}
