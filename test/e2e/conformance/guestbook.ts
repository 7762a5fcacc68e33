// sig-cli: an application of three parts that find each other by their Services, made and ended with kubectl.

import { expect } from 'vitest';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { deployment, service, shell } from '../../tools/manifests.ts';

const header = "printf 'Content-Type: application/json\\r\\n\\r\\n'";

/** What a browser asks: writes go to the primary, reads to a replica. */
const frontend = `#!/bin/sh
case $QUERY_STRING in cmd=set*) to=primary ;; *) to=replica ;; esac
answer=$(timeout 5 wget -q -O - "http://guestbook-$to/cgi-bin/store?$QUERY_STRING")
${header}
echo "$answer"
`;

/** A store of one text, in memory. A replica registers with the primary, which hands on to it whatever is written. */
const store = `#!/bin/sh
${header}
value=\${QUERY_STRING##*=}
case $QUERY_STRING in
  cmd=register*)
    cat /tmp/messages 2>/dev/null
    echo "$value" >> /tmp/replicas ;;
  cmd=set*)
    echo "$value" > /tmp/messages
    for each in $(cat /tmp/replicas 2>/dev/null); do timeout 5 wget -q -O /dev/null "http://$each:8080/cgi-bin/store?$QUERY_STRING"; done
    echo '{"message":"Updated"}' ;;
  cmd=get*) echo "{\\"data\\":\\"$(cat /tmp/messages 2>/dev/null)\\"}" ;;
esac
`;

const serve = "httpd -f -p 8080 -h /www & trap 'kill $!' TERM; wait $!";
/** Ready once the primary knows it. */
const replica = [
  'httpd -f -p 8080 -h /www & server=$!',
  "trap 'kill $server; exit 0' TERM",
  'until timeout 5 wget -q -O /tmp/messages "http://guestbook-primary/cgi-bin/store?cmd=register&host=$(hostname -i)"; do sleep 1; done',
  'touch /tmp/registered',
  'wait $server',
].join('\n');

function part(name: string, replicas: number, program: string, script: string, ready: object): object[] {
  const readinessProbe = { ...ready, periodSeconds: 1 };
  const volumeMounts = [{ name: 'programs', mountPath: '/www/cgi-bin' }];
  const items = [{ key: program, path: program }];
  return [
    service(name, 80, 8080),
    deployment(name, replicas, {
      containers: [shell('main', script, { volumeMounts, readinessProbe })],
      volumes: [{ name: 'programs', configMap: { name: 'guestbook', items, defaultMode: 0o755 } }],
      terminationGracePeriodSeconds: 1,
    }),
  ];
}

const listens = { tcpSocket: { port: 8080 } };
const application = [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'guestbook' }, data: { frontend, store } },
  ...part('guestbook-primary', 1, 'store', serve, listens),
  ...part('guestbook-replica', 2, 'store', replica, { exec: { command: ['test', '-e', '/tmp/registered'] } }),
  ...part('guestbook-frontend', 1, 'frontend', serve, listens),
];

export function guestbook(cluster: () => TestCluster): void {
  conformance('Kubectl client Guestbook application should create and stop a working application', async () => {
    const ask = async (query: string) => {
      const path = `/api/v1/namespaces/default/services/guestbook-frontend/proxy/cgi-bin/frontend?${query}`;
      return JSON.parse(await cluster().kubectl('get', '--raw', path));
    };
    await cluster().apply(application);
    for (const name of ['primary', 'replica', 'frontend'])
      await cluster().kubectl('rollout', 'status', `deployment/guestbook-${name}`, '--timeout=120s');
    await eventually(60, async () => (await ask('cmd=get&key=messages')).data === '');
    await eventually(60, async () => (await ask('cmd=set&key=messages&value=TestEntry')).message === 'Updated');
    expect(await ask('cmd=get&key=messages')).toEqual({ data: 'TestEntry' });
    // Each replica has it, whichever answered.
    const replicas: V1Pod[] = (await cluster().read('pods', '-l', 'app=guestbook-replica')).items;
    expect(replicas).toHaveLength(2);
    for (const { metadata } of replicas) {
      const path = `/api/v1/namespaces/default/pods/${metadata?.name}:8080/proxy/cgi-bin/store?cmd=get&key=messages`;
      expect(JSON.parse(await cluster().kubectl('get', '--raw', path))).toEqual({ data: 'TestEntry' });
    }

    const names = ['primary', 'replica', 'frontend'].map((each) => `guestbook-${each}`);
    const kinds = [...names.map((each) => `deployment/${each}`), ...names.map((each) => `service/${each}`)];
    await cluster().kubectl('delete', '--timeout=120s', 'configmap/guestbook', ...kinds);
    const selector = `app in (${names.join(',')})`;
    await eventually(60, async () => (await cluster().read('pods', '-l', selector)).items.length === 0);
    expect((await cluster().read('services,deployments,replicasets', '-l', selector)).items).toEqual([]);
  });
}
