// `zeroplane agent install` and `uninstall`: from a bare machine to a Ready node, and back.

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { isSea } from 'node:sea';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../core/machinery/error-text.ts';
import { createLog, type EventLog } from '../../core/process/log.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import { createApiClient } from '../api-client/api-client.ts';
import { mountPoints } from '../files/mount-table.ts';
import { authorityOf, becomeMember } from '../joined/join.ts';
import { type Membership, readMembership } from '../joined/membership.ts';
import type { InstallOptions } from '../options.ts';
import { teardownAgent } from '../platform/linux/teardown.ts';
import { InstallError } from './install-error.ts';
import { checkMachine } from './machine-checks.ts';
import { installPackages } from './packages.ts';
import { installedProgram, trialProgram } from './program-files.ts';
import { isMissing, nodeRequirements, pluginDirectory } from './requirements.ts';
import { openService, type Service } from './service.ts';

const readyMs = 180_000;
const askAgainMs = 250;

export async function installAgent({ join, options, flags, given }: InstallOptions): Promise<void> {
  const { dataDir, nodeName } = options;
  refuseOtherCluster(dataDir);
  const log = createLog('silent');
  const ca = await authorityOf(join);
  const trusted = { ...join, ca };
  const address = await checkMachine({ server: join.server, ca, dataDir }, say);
  const missing = nodeRequirements.filter(isMissing);
  for (const { name, why } of missing) say(`missing: ${name} (${why})`);
  if (missing.length > 0) await installPackages(missing, say);
  else say('ok: packages');

  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const member = await becomeMember(trusted, options, log);
  say(`joined as node ${nodeName}`);
  const nodeIP = given.nodeIP ?? address ?? options.nodeIP;
  const cniBinDir = given.cniBinDir ? options.cniBinDir : pluginDirectory();
  const service = openService({
    dataDir,
    command: [
      ...ownCommand(),
      ...['join', '--server', join.server, '--data-dir', dataDir, '--node-name', nodeName, '--node-ip', nodeIP],
      ...['--cni-bin-dir', cniBinDir, ...flags],
    ],
  });
  await service.start();
  say(service.description);
  await untilReady(member, service);
  say(`node ${nodeName} is Ready`);
}

export async function uninstallAgent(dataDir: string, log: EventLog): Promise<void> {
  const member = await readMembership(dataDir);
  const service = openService({ dataDir, command: ['join', '--data-dir', dataDir] });
  await service.remove();
  await teardownAgent(dataDir, log);
  // Nothing is deleted through a mount: it may be somebody's volume.
  const mounted = (await mountPoints()).filter((each) => each.startsWith(`${dataDir}/`));
  if (mounted.length > 0)
    throw new InstallError(`${mounted.join(', ')} is still mounted: unmount it, and uninstall again`);
  rmSync(dataDir, { recursive: true, force: true });
  if (isSea()) for (const each of [installedProgram(), trialProgram()]) rmSync(each, { force: true });
  say('the agent and all that it ran are off this machine; packages stay');
  if (member) say(`where its cluster is looked after: zeroplane node remove ${member.nodeName} --force`);
}

function say(line: string): void {
  process.stdout.write(`zeroplane: ${line}\n`);
}

/** Two agents would set one network. */
function refuseOtherCluster(dataDir: string): void {
  const ours = existsSync(dataDir);
  if (ours || !existsSync('/sys/class/net/zp-pods')) return;
  throw new InstallError(
    'this machine is a node already (its network has the bridge zp-pods): end that first, with `zeroplane down` or `zeroplane agent uninstall`',
  );
}

function ownCommand(): readonly string[] {
  const [program = process.execPath, main = ''] = [process.execPath, process.argv[1]];
  return isSea() ? [program, 'agent'] : [program, main];
}

async function untilReady({ server, ca, answer, nodeName }: Membership, service: Service): Promise<void> {
  const api = createApiClient({ server, ...(ca !== undefined && { ca }), token: answer.token });
  const deadline = Date.now() + readyMs;
  let why = 'its agent has not reported yet';
  try {
    while (Date.now() < deadline) {
      try {
        const { status } = await api.json<V1Node>('GET', `/api/v1/nodes/${encodeURIComponent(nodeName)}`);
        const ready = status?.conditions?.find(({ type }) => type === 'Ready');
        if (ready?.status === 'True') return;
        why = ready?.message ?? why;
      } catch (error) {
        why = errorText(error);
      }
      await delay(askAgainMs);
    }
  } finally {
    api.close();
  }
  throw new InstallError(`node ${nodeName} is not Ready after ${readyMs / 1000} s: ${why}\n${service.tail()}`);
}
