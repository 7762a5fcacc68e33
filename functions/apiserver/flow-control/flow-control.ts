// API priority and fairness: every request belongs to a FlowSchema, takes a seat of its priority level, waits for one in a queue, or is
// told to come again. Source: KEP-1040; Kubernetes, "API Priority and Fairness".

import type { Definitions } from '../../../core/api/definition.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Family } from '../../../core/metrics/family.ts';
import { flowSchemas, priorityLevels } from '../../../core/registry/bootstrap/flow-control.ts';
import type { Replica, Replicas } from '../../../core/replica/replica.ts';
import type { V1FlowSchema, V1PriorityLevelConfiguration } from '../../../generated/kubernetes.ts';
import type { ApiRequest } from '../http.ts';
import type { Query } from '../query.ts';
import type { RequestInfo } from '../request-info.ts';
import { compileFlowSchemas, type FlowSchema } from './flow-schema.ts';
import { configsOf } from './priority-levels.ts';
import { createSeats, type Refusal, type Seats } from './seats.ts';
import { createFlowStatistics, type FlowStatistics } from './statistics.ts';

export interface FlowControlOptions {
  readonly replicas: Replicas;
  readonly definitions: Definitions;
  /** Shared out among the priority levels. Default 600, as kube-apiserver's. */
  readonly seats?: number | undefined;
  /** How long a request may wait. Default 15 s. */
  readonly maxWaitMs?: number | undefined;
}

/** A request that belongs to a flow, and after `enter` has its seats. */
export interface Flow {
  /** Resolves (or is done at once) when it may run. Throws TooManyRequests. Who waits asks for the request's signal: its client may go. */
  enter(request: Pick<ApiRequest, 'signal'>): Promise<void> | undefined;
  /** Gives the seats back. Once, and only after `enter` ended well. */
  leave(): void;
  /** Tells the client whose queue it was in. */
  stamp(headers: Record<string, string | string[]>): void;
}

export interface FlowControl {
  classify(user: UserInfo, info: RequestInfo, query: Query): Flow;
  families(): Family[];
  close(): void;
}

/** Objects that one seat stands for in a list, and the most seats that a list takes. */
const objectsPerSeat = 100;
const maxSeats = 10;

/** Resolves when the configuration that is stored is in force. */
export async function createFlowControl(options: FlowControlOptions): Promise<FlowControl> {
  const { replicas, definitions, seats: total = 600, maxWaitMs = 15_000 } = options;
  const [schemaReplica, levelReplica] = await Promise.all([
    replicas.of('flowcontrol.apiserver.k8s.io/flowschemas'),
    replicas.of('flowcontrol.apiserver.k8s.io/prioritylevelconfigurations'),
  ]);
  const seats = createSeats();
  let current = configure(schemaReplica, levelReplica, seats, total);
  let stale = false;
  // Many objects change at once, at the first start above all.
  const changed = () => {
    if (stale) return;
    stale = true;
    queueMicrotask(() => {
      stale = false;
      current = configure(schemaReplica, levelReplica, seats, total, current);
    });
  };
  const stops = [schemaReplica.onEvent(changed), levelReplica.onEvent(changed)];

  const widthOf = (info: RequestInfo, query: Query): number => {
    if (info.verb !== 'list' && !(info.verb === 'watch' && query.boolean('sendInitialEvents'))) return 1;
    const definition = definitions.find(info.group, info.version, info.resource);
    const size = definition ? (replicas.peek(definition.type)?.size ?? 0) : 0;
    if (size <= objectsPerSeat) return 1;
    const limit = Number(query.text('limit') ?? 0);
    const objects = limit > 0 && limit < size ? limit : size;
    return Math.min(maxSeats, Math.ceil(objects / objectsPerSeat));
  };

  return {
    classify(user, info, query) {
      const { schemas } = current;
      for (const each of schemas)
        if (each.schema.matches(user, info))
          return new SeatedRequest(each, seats, maxWaitMs, user, info, widthOf(info, query));
      // The schema `catch-all` matches everybody; who is nobody has no flow of its own.
      return new SeatedRequest(current.last, seats, maxWaitMs, user, info, 1);
    },
    families: () => current.statistics.families(seats),
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** A FlowSchema with its level, as it is in force. */
interface Row {
  readonly schema: FlowSchema;
  readonly levelName: string;
  readonly levelUID: string;
  /** Runs at once, always. */
  readonly exempt: boolean;
  /** Lets requests wait. */
  readonly queues: boolean;
  readonly counts: ReturnType<FlowStatistics['of']>;
}

interface Configuration {
  readonly schemas: readonly Row[];
  readonly last: Row;
  readonly statistics: FlowStatistics;
}

/** What is stored, and the mandatory objects where they are missing. A schema whose level is not there is left out. */
function configure(
  schemaReplica: Replica<V1FlowSchema>,
  levelReplica: Replica<V1PriorityLevelConfiguration>,
  seats: Seats,
  total: number,
  before?: Configuration,
): Configuration {
  const stored = [...levelReplica.snapshot()].map(({ object }) => object);
  const levels = withMandatory(stored, priorityLevels);
  const schemas = withMandatory(
    [...schemaReplica.snapshot()].map(({ object }) => object),
    flowSchemas,
  );
  seats.configure(configsOf(levels, total));
  const statistics = before?.statistics ?? createFlowStatistics();
  const byName = new Map(levels.map((each) => [each.metadata?.name ?? '', each]));
  const rows = compileFlowSchemas(schemas).flatMap((schema): Row[] => {
    const level = byName.get(schema.levelName);
    if (!level) return [];
    return [
      {
        schema,
        levelName: schema.levelName,
        levelUID: level.metadata?.uid ?? '',
        exempt: level.spec?.type === 'Exempt',
        queues: level.spec?.limited?.limitResponse?.type === 'Queue',
        counts: statistics.of(schema.levelName, schema.name),
      },
    ];
  });
  const last = rows.findLast(({ schema }) => schema.name === 'catch-all') ?? rows.at(-1);
  if (!last) throw new Error('there is always the flow schema catch-all');
  return { schemas: rows, last, statistics };
}

function withMandatory<T extends { metadata?: { name?: string } }>(stored: readonly T[], defaults: readonly T[]): T[] {
  const names = new Set(stored.map(({ metadata }) => metadata?.name));
  const mandatory = defaults.filter(({ metadata }) => metadata?.name === 'exempt' || metadata?.name === 'catch-all');
  return [...stored, ...mandatory.filter(({ metadata }) => !names.has(metadata?.name))];
}

/** One per request: a class, since it is made on the hot path. */
class SeatedRequest implements Flow {
  readonly #row: Row;
  readonly #seats: Seats;
  readonly #maxWaitMs: number;
  readonly #user: UserInfo;
  readonly #info: RequestInfo;
  #width: number;
  #since = 0;

  constructor(row: Row, seats: Seats, maxWaitMs: number, user: UserInfo, info: RequestInfo, width: number) {
    this.#row = row;
    this.#seats = seats;
    this.#maxWaitMs = maxWaitMs;
    this.#user = user;
    this.#info = info;
    this.#width = width;
  }

  enter(request: Pick<ApiRequest, 'signal'>): Promise<void> | undefined {
    const { exempt, queues, levelName, counts } = this.#row;
    this.#since = performance.now();
    if (exempt) {
      this.#run(0);
      return undefined;
    }
    if (this.#width > 1) this.#width = Math.min(this.#width, this.#seats.widest(levelName));
    if (this.#seats.take(levelName, this.#width)) {
      if (queues) counts.entered(1);
      this.#run(0);
      return undefined;
    }
    return this.#wait(request.signal);
  }

  leave(): void {
    const { exempt, levelName, counts } = this.#row;
    counts.finished(this.#width, (performance.now() - this.#since) / 1000);
    if (!exempt) this.#seats.release(levelName, this.#width);
  }

  stamp(headers: Record<string, string | string[]>): void {
    const { schema, levelUID } = this.#row;
    if (schema.uid !== '') headers['x-kubernetes-pf-flowschema-uid'] = schema.uid;
    if (levelUID !== '') headers['x-kubernetes-pf-prioritylevel-uid'] = levelUID;
  }

  #run(waitedSeconds: number): void {
    this.#row.counts.dispatched(this.#width, waitedSeconds);
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { schema, levelName, counts } = this.#row;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const began = this.#since;
    const granted = () => {
      stop();
      counts.dequeued(this.#width);
      this.#since = performance.now();
      this.#run((this.#since - began) / 1000);
      resolve();
    };
    const flow = `${schema.name}/${schema.distinguisher(this.#user, this.#info)}`;
    const place = this.#seats.wait(levelName, flow, { seats: this.#width, granted });
    if (typeof place === 'string') {
      counts.rejected(place, 0);
      return Promise.reject(tooMany());
    }
    counts.entered(place.queueLength);
    counts.queued(this.#width);
    const giveUp = (reason: Refusal) => {
      if (!place.leave()) return;
      stop();
      counts.dequeued(this.#width);
      counts.rejected(reason, (performance.now() - began) / 1000);
      reject(tooMany());
    };
    const leave = () => giveUp('cancelled');
    const timer = setTimeout(() => giveUp('time-out'), this.#maxWaitMs);
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    return promise;
  }
}

function tooMany(): StatusError {
  return new StatusError('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });
}
