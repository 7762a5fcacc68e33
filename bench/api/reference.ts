// What others did on a machine of this kind (2 cores), so that our figures stand beside something.

export interface Reference {
  /** kube-apiserver 1.36 with etcd, TLS, at its defaults. */
  readonly stock: number;
  /** A bare node:http2 server with TLS that commits each create durably (node:sqlite, group commit): what Node could do at most. */
  readonly limit?: number;
}

/** Requests per second, or milliseconds, or megabytes: as the row of that name says. Source: measured for this project, 2026. */
export const reference: Readonly<Record<string, Reference>> = {
  'ConfigMap create, 1': { stock: 370, limit: 1300 },
  'ConfigMap create, 64': { stock: 2050, limit: 11_900 },
  'ConfigMap get, 1': { stock: 755, limit: 4900 },
  'ConfigMap get, 64': { stock: 4500, limit: 21_600 },
  'ConfigMap put, 1': { stock: 550 },
  'ConfigMap put, 64': { stock: 1800 },
  'ConfigMap server-side apply, 1': { stock: 280 },
  'ConfigMap server-side apply, 64': { stock: 700 },
  'Pod create, 1': { stock: 340 },
  'Pod create, 64': { stock: 1000 },
  'Pod delete, 1': { stock: 200 },
  'Pod delete, 64': { stock: 780 },
  'list of 1,000 pods': { stock: 43 },
  'list of 5,000 pods': { stock: 168 },
  'create to watch event, 1 watcher': { stock: 2.1 },
  'create to watch event, 100 watchers': { stock: 3.2 },
  'RSS after the load': { stock: 1000 },
  'RSS idle again': { stock: 400 },
};
