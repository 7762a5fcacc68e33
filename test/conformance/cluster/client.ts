// A client of the API as a test wants it: objects by path, failures as errors, and waits by list and watch, never by looking again
// and again.

import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Answer, TestApi } from '../../../functions/apiserver/testing/open-test-api.ts';

/** Tests look into objects freely. */
export type Body = Answer['body'];

/** The API refused. */
class RefusedError extends Error {
  readonly code: number;
  readonly status: Body;

  constructor(what: string, { status, text, body }: Answer) {
    super(`${what}: ${status} ${body?.message ?? text}`);
    this.name = 'RefusedError';
    this.code = status;
    this.status = body;
  }
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Body;
}

/** What happens from the call on. */
export interface Events {
  /** Fails when the watch ends, or nothing comes in time. */
  next(): Promise<WatchEvent>;
  /** Passes over everything before. */
  until(type: string, check: (object: Body) => boolean): Promise<Body>;
  stop(): void;
}

export interface Client {
  watch(path: string, query?: string): Promise<Events>;
  create(path: string, body: object): Promise<Body>;
  read(path: string): Promise<Body>;
  /** The items; `query` such as `labelSelector=a%3Db`. */
  list(path: string, query?: string): Promise<Body[]>;
  update(path: string, body: object): Promise<Body>;
  /** A merge patch. */
  patch(path: string, body: object): Promise<Body>;
  delete(path: string, options?: object): Promise<Body>;
  /** Reads, changes, writes, and does it again after a conflict. */
  change(path: string, change: (object: Body) => void): Promise<Body>;
  /** The object once `check` holds. */
  when(path: string, what: string, check: (object: Body) => boolean): Promise<Body>;
  /** The object once its status is so far. */
  whenGone(path: string): Promise<void>;
  /** The items of a collection once `check` holds of all of them together. */
  whenAll(path: string, query: string, what: string, check: (items: Body[]) => boolean): Promise<Body[]>;
  /** Fails when `check` ever holds in so many milliseconds. */
  never(path: string, query: string, what: string, check: (items: Body[]) => boolean, ms: number): Promise<void>;
}

const patience = 60_000;
const merge = 'application/merge-patch+json';

export function createClient(t: TestApi): Client {
  const strict = (what: string, answer: Answer): Body => {
    if (answer.status >= 300) throw new RefusedError(what, answer);
    return answer.body;
  };

  async function watchFrom(path: string, query: string, resourceVersion: string) {
    return t.watch(`${path}?watch=true&resourceVersion=${resourceVersion}&${query}`);
  }

  /** Items as they are, and after every change, until `done` gives something or the time is over. */
  async function follow<T>(path: string, query: string, ms: number, done: (items: Body[]) => T | undefined) {
    const list = strict(`list ${path}`, await t.get(`${path}?${query}`));
    const items = new Map<string, Body>(list.items.map((each: Body) => [each.metadata.uid, each]));
    let found = done([...items.values()]);
    if (found !== undefined) return found;
    const watch = await watchFrom(path, query, list.metadata.resourceVersion);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ms);
    });
    try {
      for (;;) {
        const event = await Promise.race([watch.next(), late]);
        if (!event) return undefined;
        const { type, object } = event;
        if (type === 'ERROR') throw new Error(`watch ${path}: ${object.message}`);
        if (type === 'DELETED') items.delete(object.metadata.uid);
        else if (type !== 'BOOKMARK') items.set(object.metadata.uid, object);
        found = done([...items.values()]);
        if (found !== undefined) return found;
      }
    } finally {
      clearTimeout(timer);
      void watch.stop();
    }
  }

  const client: Client = {
    async watch(path, query = '') {
      const list = strict(`list ${path}`, await t.get(`${path}?${query}`));
      const watch = await watchFrom(path, query, list.metadata.resourceVersion);
      const next = async () => {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<undefined>((resolve) => {
          timer = setTimeout(() => resolve(undefined), patience);
        });
        const event = await Promise.race([watch.next(), late]);
        clearTimeout(timer);
        if (!event) throw new Error(`watch ${path}: nothing more came`);
        return event;
      };
      return {
        next,
        async until(type, check) {
          for (;;) {
            const event = await next();
            if (event.type === type && check(event.object)) return event.object;
          }
        },
        stop: () => void watch.stop(),
      };
    },
    create: async (path, body) => strict(`create ${path}`, await t.post(path, body)),
    read: async (path) => strict(`read ${path}`, await t.get(path)),
    list: async (path, query = '') => strict(`list ${path}`, await t.get(`${path}?${query}`)).items,
    update: async (path, body) => strict(`update ${path}`, await t.put(path, body)),
    patch: async (path, body) => strict(`patch ${path}`, await t.patch(path, merge, body)),
    delete: async (path, options) => strict(`delete ${path}`, await t.call('DELETE', path, { body: options })),
    async change(path, change) {
      for (let attempt = 0; ; attempt++) {
        const object = await client.read(path.replace(/\/status$/, ''));
        change(object);
        const answer = await t.put(path, object);
        if (answer.status !== 409 || attempt === 20) return strict(`update ${path}`, answer);
      }
    },
    async when(path, what, check) {
      let last: Body;
      const { collection, query } = one(path);
      const found = await follow(collection, query, patience, ([object]) => {
        last = object ?? last;
        return object && check(object) ? object : undefined;
      });
      if (found === undefined) throw new Error(`${path}: not in time: ${what}; it is ${brief(last)}`);
      return found;
    },
    async whenGone(path) {
      const { collection, query } = one(path);
      let last: Body;
      const gone = await follow(collection, query, patience, ([object]) => {
        last = object;
        return object ? undefined : true;
      });
      if (!gone) throw new Error(`${path} is not gone in time; it is ${brief(last)}`);
    },
    async whenAll(path, query, what, check) {
      let last: Body[] = [];
      const found = await follow(path, query, patience, (items) => {
        last = items;
        return check(items) ? items : undefined;
      });
      if (!found) throw new Error(`${path}: not in time: ${what}; there are ${last.map(brief).join(', ')}`);
      return found;
    },
    async never(path, query, what, check, ms) {
      const found = await follow(path, query, ms, (items) => (check(items) ? items : undefined));
      if (found) throw new Error(`${path}: this must not be: ${what}; there are ${found.map(brief).join(', ')}`);
    },
  };
  return client;
}

function one(path: string): { collection: string; query: string } {
  const at = path.lastIndexOf('/');
  return { collection: path.slice(0, at), query: `fieldSelector=metadata.name%3D${path.slice(at + 1)}` };
}

function brief(object: KubeObject | undefined): string {
  if (!object) return 'nothing';
  const { name, deletionTimestamp, finalizers, ownerReferences } = object.metadata;
  const { spec, status } = object as { spec?: { nodeName?: string; replicas?: number }; status?: object };
  const { nodeName, replicas } = spec ?? {};
  return JSON.stringify({ name, deletionTimestamp, finalizers, ownerReferences, nodeName, replicas, status });
}
