// Tries the npm package as its user does who has Node and npm and nothing else: `npx zeroplane up`, from the packed file and without a
// registry, and what is done with a cluster then.

import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import { CommandError, run } from '../../core/process/run.ts';
import { version } from '../../core/process/version.ts';
import { UserError } from '../user-error.ts';
import { type Architecture, nodeExecutable } from './node-package.ts';

export interface NpmTryOptions {
  /** The clean root file system, with the release in /release. */
  readonly root: string;
  readonly architecture: Architecture;
  readonly npmFile: string;
  readonly say: (line: string) => void;
}

/** What stands in `answers` after it, a file each. */
const script = (npmFile: string) => `set -e
cd /root
mkdir /answers
npx --yes --offline --package /release/${npmFile} -- zeroplane up --no-agent --detach --data-dir /root/cluster
npm install --global --offline --no-audit --no-fund /release/${npmFile}
zeroplane version -o json > /answers/version
zeroplane help -o json > /answers/help
zeroplane status --data-dir /root/cluster -o json > /answers/status
zeroplane node token --quiet --data-dir /root/cluster > /answers/token
zeroplane backup /root/copy.db --data-dir /root/cluster
zeroplane upgrade --data-dir /root/cluster
zeroplane down --data-dir /root/cluster
zeroplane restore /root/copy.db --data-dir /root/cluster
zeroplane up --no-agent --detach --data-dir /root/cluster
zeroplane down --purge --data-dir /root/cluster
test ! -e /root/cluster
`;

/** Rejects with UserError that says what does not work there. Needs root. */
export async function tryNpmPackage({ root, architecture, npmFile, say }: NpmTryOptions): Promise<void> {
  const bin = join(root, 'usr/local/bin');
  // npm puts its own there.
  rmSync(join(bin, 'zeroplane'), { force: true });
  writeFileSync(join(bin, 'node'), await nodeExecutable(architecture), { mode: 0o755 });
  const modules = join(root, 'usr/local/lib/node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(npmFolder(), join(modules, 'npm'), { recursive: true });
  for (const name of ['npm', 'npx']) symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name));
  writeFileSync(join(root, 'tmp/try.sh'), script(npmFile));
  await alone(root, '/tmp/try.sh');
  const answer = (name: string) => readFileSync(join(root, 'answers', name), 'utf8');
  const said = Object(parseJson(answer('version')));
  if (said.version !== version)
    throw new UserError(`the npm package says that it is version ${JSON.stringify(said.version)}, not ${version}`);
  const commands = parseJson(answer('help'));
  const names = Array.isArray(commands) ? commands.map((each) => String(Object(each).name)) : [];
  for (const name of ['up', 'down', 'upgrade', 'run', 'agent'])
    if (!names.includes(`zeroplane ${name}`)) throw new UserError(`the npm package has no \`zeroplane ${name}\``);
  if (!/^\S+\.\S+/.test(answer('token'))) throw new UserError('the npm package prints no token for a node');
  say(`the npm package starts, upgrades, restores and ends a cluster, with ${names.length} commands`);
}

/** Of the npm that is on this machine. Throws UserError where there is none. */
function npmFolder(): string {
  const found = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'npm'));
  const npm = found.find((file) => existsSync(file));
  if (npm === undefined) throw new UserError('there is no npm in PATH to try the package with: install it');
  // It is a link to bin/npm-cli.js of the package.
  return dirname(dirname(realpathSync(npm)));
}

/** Its network, processes and mounts are its own, and end with it. */
async function alone(root: string, file: string): Promise<void> {
  const inside = `mount -t proc proc ${root}/proc && mount --bind /dev/null ${root}/dev/null && ip link set lo up && ip link add eth0 type veth peer name eth1 && ip address add 192.0.2.10/24 dev eth0 && ip link set eth0 up && ip link set eth1 up && exec chroot ${root} /bin/env -i HOME=/root PATH=/usr/local/bin:/bin /bin/sh ${file}`;
  try {
    await run('unshare', ['--mount', '--net', '--pid', '--fork', '--kill-child', '--', '/bin/sh', '-c', inside], {
      timeoutMs: 300_000,
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new UserError(`the npm package, on a clean root file system: ${error.message}`);
  }
}
