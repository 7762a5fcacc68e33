// The agent's side of core/node/protocol.ts: messages from the queue, desired state by cursor, reports. Works on while the control plane
// is away, and catches up when it returns.

import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../../core/machinery/json.ts';
import type {
  DesiredState,
  DialRequest,
  NodeMessage,
  ReceivedResource,
  Report,
  ReportResult,
} from '../../core/node/protocol.ts';
import type { ApiClient } from '../api-client/api-client.ts';
import { createBackoff } from '../backoff.ts';
import { createAcknowledgements } from '../queue/acknowledgements.ts';
import type { NodeQueue } from '../queue/node-queue.ts';
import type { StoredState } from './desired-objects.ts';
import { DesiredObjects } from './desired-objects.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

export interface ControlPlaneOptions {
  readonly api: Pick<ApiClient, 'json'>;
  readonly nodeName: string;
  /** Where the last desired state is kept. */
  readonly stateFile: string;
  readonly random: () => number;
  readonly queue: NodeQueue;
  /** How often the desired state is fetched without a hint: hints may be lost. Default 30 s. */
  readonly resyncMs?: number;
  /** `confirmed`: the API itself answered since the agent started; before, it is what the state file remembers. */
  onDesired(changed: ReadonlySet<ReceivedResource>, confirmed: boolean): void;
  /** A client waits for a stream. */
  onStream(stream: DialRequest): void;
  readonly log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

export interface ControlPlane {
  readonly objects: DesiredObjects;
  /** Restores the last desired state, then follows the control plane until `stop`. */
  start(): Promise<void>;
  /** Asks for the desired state now. */
  fetch(): void;
  report(report: Report): Promise<ReportResult>;
  stop(): void;
}

const saveMs = 500;
/** Between two answers: what changes meanwhile, such as each status of many pods that start at once, comes in one. */
const gapMs = 50;

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { api, log } = options;
  const base = `/apis/agent.zeroplane.dev/v1/nodes/${encodeURIComponent(options.nodeName)}`;
  const objects = new DesiredObjects();
  const { queue, resyncMs = 30_000 } = options;
  const abort = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: abort.signal, ref: false }).catch(() => undefined);
  let confirmed = false;
  let fetching = false;
  let again = false;
  let saving: Promise<void> | undefined;
  let saveAgain = false;

  const save = () => {
    if (saving) {
      saveAgain = true;
      return;
    }
    saving = (async () => {
      do {
        // Changes come in bursts; the file is for restarts, not for every step.
        await pause(saveMs);
        saveAgain = false;
        await writeStateFile(options.stateFile, objects.store());
      } while (saveAgain);
    })()
      .catch((error: unknown) => log.warn({ error: String(error) }, 'the state file could not be written'))
      .finally(() => {
        saving = undefined;
      });
  };

  const fetchOnce = async () => {
    // The first answer must be whole: only it says what is no longer wanted.
    const query = confirmed && objects.cursor ? `?cursor=${encodeURIComponent(objects.cursor)}` : '';
    const state = await api.json<DesiredState>('GET', `${base}/desired${query}`);
    const changed = objects.apply(state);
    const first = !confirmed;
    confirmed ||= state.full;
    if (changed.size > 0 || first) {
      options.onDesired(changed, confirmed);
      save();
    }
  };

  const fetch = () => {
    again = true;
    if (fetching) return;
    fetching = true;
    void (async () => {
      const backoff = createBackoff(100, 15_000, options.random);
      while (again && !abort.signal.aborted) {
        again = false;
        try {
          await fetchOnce();
          backoff.reset();
          await pause(gapMs);
        } catch (error) {
          log.warn({ error: String(error) }, 'desired state could not be fetched; trying again');
          again = true;
          await pause(backoff.next());
        }
      }
      fetching = false;
    })();
  };

  const acknowledgements = createAcknowledgements(queue);
  const poll = async () => {
    const backoff = createBackoff(100, 15_000, options.random);
    let lost = false;
    while (!abort.signal.aborted) {
      try {
        const messages = await queue.receive(abort.signal);
        backoff.reset();
        // While no poll stood, hints went by.
        if (lost) fetch();
        lost = false;
        for (const { body } of messages) {
          const message = parseMessage(body);
          if (message?.kind === 'changed') fetch();
          else if (message?.kind === 'stream') options.onStream(message);
        }
        acknowledgements.add(messages.map(({ receipt }) => receipt));
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!lost) log.warn({ error: String(error) }, 'the queue cannot be polled; trying again');
        lost = true;
        await pause(backoff.next());
      }
    }
  };

  return {
    objects,
    start: async () => {
      const stored = await readStateFile<StoredState>(options.stateFile);
      if (stored) {
        objects.restore(stored);
        options.onDesired(new Set(), false);
      }
      fetch();
      void poll();
      const timer = setInterval(fetch, resyncMs + options.random() * 5000);
      timer.unref();
      abort.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
    fetch,
    report: (report) => api.json<ReportResult>('POST', `${base}/report`, { body: report }),
    stop: () => abort.abort(),
  };
}

function parseMessage(body: string): NodeMessage | undefined {
  try {
    // What the control plane sends; an unknown kind is passed over.
    return parseJson(body) as NodeMessage;
  } catch {
    return undefined;
  }
}
