// The agent replaces itself when the control plane offers another: one node at a time, beside its pods, which run on, and back when the new
// one does not become Ready (trial.ts).

import { renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../core/machinery/error-text.ts';
import type { EventLog } from '../../core/process/log.ts';
import { syncFolder } from '../../core/process/private-file.ts';
import { version } from '../../core/process/version.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import { type ApiClient, createApiClient } from '../api-client/api-client.ts';
import { installedProgram, trialProgram } from '../install/program-files.ts';
import type { AgentOptions } from '../options.ts';
import { fetchProgram, offered, ownSum, ProgramError } from './program.ts';
import { forgetTrial, isRefused, type Trial, trialSeconds, wantTrial } from './trial.ts';
import { giveTurnBack, takeTurn } from './turn.ts';

export interface UpgradeOptions {
  readonly options: Pick<AgentOptions, 'credentials' | 'nodeName' | 'dataDir'>;
  readonly trial: Trial;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Whether it looks for others at all. */
  readonly auto: boolean;
  /** The service starts the program anew. */
  readonly restart: () => Promise<void>;
  readonly log: EventLog;
}

const firstLookMs = 10_000;
const lookMs = 30_000;
/** Where nothing is offered, which is so of a whole cluster. */
const rareLookMs = 3600_000;
const askAgainMs = 1000;

/** Runs on. */
export function keepUpgraded(parts: UpgradeOptions): void {
  const { options, trial, log } = parts;
  const api = createApiClient(options.credentials);
  const loop = async () => {
    if (trial === 'on trial' && !(await confirmed(api, parts))) return;
    if (trial === 'went back')
      await tell(api, parts, 'Warning', 'AgentUpgradeFailed', whyBack).catch((error: unknown) =>
        log.warn({ error: errorText(error) }, 'an event could not be written'),
      );
    if (!parts.auto) return api.close();
    const own = await ownSum();
    let wait = firstLookMs;
    for (;;) {
      // Apart from other nodes.
      await delay(wait * (0.5 + Math.random()), undefined, { ref: false });
      wait = await look(api, parts, own).catch((error: unknown) => {
        log.warn({ error: errorText(error) }, 'the agent could not be upgraded; trying again');
        return lookMs;
      });
    }
  };
  void loop().catch((error: unknown) => log.error({ err: error }, 'the agent is not upgraded any more'));
}

const whyBack = `the agent that the control plane offers did not become Ready here within ${trialSeconds} s: the one before runs again, and the other is not tried for an hour`;

/** Until when to wait for the next. */
async function look(api: ApiClient, { options, restart, log }: UpgradeOptions, own: string): Promise<number> {
  const { nodeName, dataDir } = options;
  const offer = await offered(api);
  if (!offer) return rareLookMs;
  if (offer.unpacked === own || isRefused(dataDir, offer.unpacked, Date.now())) return lookMs;
  if (!(await takeTurn(api, nodeName, Date.now()))) return lookMs;
  try {
    log.info({ sha256: offer.unpacked }, 'the control plane offers another agent: fetching it');
    await fetchProgram(api.credentials, offer, trialProgram());
  } catch (error) {
    // One that cannot be run at all is not this node's to wait for.
    await giveTurnBack(api, nodeName);
    if (error instanceof ProgramError) await tell(api, { options }, 'Warning', 'AgentUpgradeFailed', error.message);
    throw error;
  }
  wantTrial(dataDir, offer.unpacked);
  await restart();
  return lookMs;
}

/** The API shows what this process has reported of itself. */
async function confirmed(api: ApiClient, parts: UpgradeOptions): Promise<boolean> {
  const { options, startedAt, log } = parts;
  const { nodeName, dataDir } = options;
  const deadline = startedAt + trialSeconds * 1000;
  while (!(await isReady(api, nodeName, startedAt).catch(() => false))) {
    // Then it is ended from outside.
    if (Date.now() > deadline) return false;
    await delay(askAgainMs);
  }
  renameSync(trialProgram(), installedProgram());
  syncFolder(path.dirname(installedProgram()));
  forgetTrial(dataDir);
  log.info({ version }, 'the agent was upgraded');
  await giveTurnBack(api, nodeName).catch((error: unknown) =>
    log.warn({ error: errorText(error) }, 'the turn could not be given back; it ends by itself'),
  );
  await tell(api, parts, 'Normal', 'AgentUpgraded', `the agent runs the version that the control plane offers`).catch(
    (error: unknown) => log.warn({ error: errorText(error) }, 'an event could not be written'),
  );
  return true;
}

async function isReady(api: ApiClient, nodeName: string, startedAt: number): Promise<boolean> {
  const { status } = await nodeOf(api, nodeName);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  // Times of the API have whole seconds.
  const since = Date.parse(String(ready?.lastHeartbeatTime ?? ''));
  return ready?.status === 'True' && since >= Math.floor(startedAt / 1000) * 1000;
}

function nodeOf(api: ApiClient, nodeName: string): Promise<V1Node> {
  return api.json<V1Node>('GET', `/api/v1/nodes/${encodeURIComponent(nodeName)}`);
}

async function tell(
  api: ApiClient,
  { options: { nodeName } }: Pick<UpgradeOptions, 'options'>,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Promise<void> {
  const { metadata } = await nodeOf(api, nodeName);
  const time = new Date().toISOString();
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${nodeName}.${Date.now().toString(16)}`, namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: metadata?.uid },
    ...{ type, reason, message, count: 1, firstTimestamp: time, lastTimestamp: time },
    source: { component: 'kubelet', host: nodeName },
  };
  await api.json('POST', '/api/v1/namespaces/default/events', { body });
}
