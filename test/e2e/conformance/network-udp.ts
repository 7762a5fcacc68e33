// sig-network: what goes over UDP, to pods, through Services and at ports of the host.

import { expect } from 'vitest';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { deployment, forever, pod, service, shell } from '../../tools/manifests.ts';
import { defaultsImage as image } from './environment.ts';

/** Answers every datagram with its name. 2 and 17 are AF_INET, SOCK_DGRAM and UDP. */
const answer =
  'socket(S,2,2,17); bind(S,pack("S n N x8",2,8081,0)) or die; chomp($h=`hostname`);' +
  'while(1) { $from=recv(S,$m,1500,0); send(S,$h,0,$from) if $from }';
/** Sends one to an address and a port, and prints what comes back within two seconds. */
const ask =
  'socket(S,2,2,17); send(S,"hostName",0,pack("S n C4 x8",2,$ARGV[1],split(/\\./,$ARGV[0])));' +
  '$r=""; vec($r,fileno(S),1)=1; select($r,undef,undef,2) or exit 1; defined recv(S,$m,1500,0) or exit 1; print $m';

/** Who it is, over HTTP on port 8080 and over UDP on port 8081. */
const serve = [
  'mkdir /www; hostname > /www/index.html; httpd -p 8080 -h /www',
  "perl -e '$ANSWER' & trap 'kill $!' TERM; wait $!",
]
  .join('\n')
  .replace('$ANSWER', () => answer);
const server = shell('main', serve, { image, readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } });

export async function startUdp(cluster: TestCluster): Promise<void> {
  const hostPort = (name: string, hostIP: string, protocol: string, containerPort: number) => {
    const ports = [{ hostPort: 54_323, hostIP, containerPort, protocol }];
    return pod(name, [{ ...server, ports }], {}, { app: 'host-ports' });
  };
  const { address } = cluster.host;
  await cluster.apply([
    deployment('datagrams', 2, { containers: [server], terminationGracePeriodSeconds: 1 }),
    pod('sender', [shell('main', forever, { image })]),
    hostPort('host-port-1', '127.0.0.1', 'TCP', 8080),
    hostPort('host-port-2', address, 'TCP', 8080),
    hostPort('host-port-3', address, 'UDP', 8081),
  ]);
}

export function overUdp(cluster: () => TestCluster): void {
  const podsOf = async (app: string): Promise<V1Pod[]> => {
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod', '-l', `app=${app}`, '--timeout=150s');
    return (await cluster().read('pods', '-l', `app=${app}`)).items;
  };
  const ready = async () => {
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod/sender', '--timeout=150s');
    await cluster().kubectl('rollout', 'status', 'deployment/datagrams', '--timeout=150s');
    return podsOf('datagrams');
  };
  const fromPod = async (address: string, port: number) =>
    (await cluster().attempt('exec', 'sender', '--', 'perl', '-e', ask, address, String(port))).stdout;
  const fromHost = async (address: string, port: number) =>
    (await cluster().host.run('/usr/bin/perl', '-e', ask, address, String(port))).stdout;
  const fetchFrom = async (address: string, port: number) =>
    (
      await cluster().attempt(
        'exec',
        'sender',
        '--',
        'timeout',
        '3',
        'wget',
        '-q',
        '-O',
        '-',
        `http://${address}:${port}/`,
      )
    ).stdout.trim();

  const reachesEach = (send: typeof fromPod) => async () => {
    const pods = await ready();
    expect(pods).toHaveLength(2);
    for (const { metadata, status } of pods)
      await eventually(60, async () => (await send(status?.podIP ?? '', 8081)) === metadata?.name);
  };
  conformance(
    'Networking Granular Checks: Pods should function for intra-pod communication: udp [NodeConformance]',
    reachesEach(fromPod),
  );
  conformance(
    'Networking Granular Checks: Pods should function for node-pod communication: udp [LinuxOnly] [NodeConformance]',
    reachesEach(fromHost),
  );

  conformance('Services should serve endpoints on same port and different protocols', async () => {
    const names = (await ready()).map(({ metadata }) => metadata?.name);
    const tcp = { name: 'tcp', port: 80, targetPort: 8080, protocol: 'TCP' };
    const udp = { name: 'udp', port: 80, targetPort: 8081, protocol: 'UDP' };
    const change = (...ports: object[]) =>
      cluster().apply(
        [service('both', 80, 8080, { selector: { app: 'datagrams' }, ports })],
        '--server-side',
        '--force-conflicts',
      );
    await change(tcp, udp);
    const { clusterIP } = (await cluster().read('service', 'both')).spec;
    const serves = async (wanted: { tcp: boolean; udp: boolean }) =>
      eventually(60, async () => {
        const [over, datagram] = [await fetchFrom(clusterIP, 80), await fromPod(clusterIP, 80)];
        return names.includes(over) === wanted.tcp && names.includes(datagram) === wanted.udp;
      });
    await serves({ tcp: true, udp: true });
    await change(tcp);
    await serves({ tcp: true, udp: false });
    await change(udp);
    await serves({ tcp: false, udp: true });
  });

  conformance(
    'HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly]',
    async () => {
      const pods = await podsOf('host-ports');
      expect(pods).toHaveLength(3);
      expect(new Set(pods.map(({ spec }) => spec?.nodeName)).size).toBe(1);
      const { address } = cluster().host;
      const visit = async (host: string) =>
        (await cluster().host.run('/bin/busybox', 'wget', '-q', '-O', '-', `http://${host}:54323/`)).stdout.trim();
      await eventually(60, async () => (await visit('127.0.0.1')) === 'host-port-1');
      await eventually(60, async () => (await visit(address)) === 'host-port-2');
      await eventually(60, async () => (await fromHost(address, 54_323)) === 'host-port-3');
    },
  );
}
