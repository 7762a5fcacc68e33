// Services.

import type { V1Service, V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { named } from '../../metadata/name-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { allocate, hasClusterIP, hasNodePorts, releaseAll } from './allocations.ts';
import { defaultFamilies } from './families.ts';
import { validateService, validateServiceUpdate } from './validate.ts';
import { validateServiceStatus } from './validate-external.ts';
import { warnOfService } from './warnings.ts';

const affinitySeconds = 10800;

export const strategy = strategyFor<V1Service>({
  // Whatever a DNS label may begin with (KEP-5311).
  validateName: named(dns1123Label),
  createOnUpdate: true,
  defaults(object, old) {
    const { spec } = object;
    if (!spec) return;
    if (old) keepAllocated(object, old);
    for (const port of spec.ports ?? [])
      if (port.targetPort === undefined || port.targetPort === '' || port.targetPort === 0) port.targetPort = port.port;
    if (spec.sessionAffinity === 'ClientIP') {
      spec.sessionAffinityConfig ??= {};
      spec.sessionAffinityConfig.clientIP ??= {};
      spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= affinitySeconds;
    } else if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
    if (spec.type === 'LoadBalancer')
      for (const place of object.status?.loadBalancer?.ingress ?? []) if (place.ip) place.ipMode ??= 'VIP';
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    if (spec.type === 'ExternalName') return;
    spec.internalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
    if (isReachedFromOutside(spec)) spec.externalTrafficPolicy ||= 'Cluster';
    defaultFamilies(spec);
  },
  prepareForCreate(object) {
    object.status = { loadBalancer: {} };
  },
  prepareForUpdate(object, old) {
    if (old.spec?.type === 'LoadBalancer' && object.spec?.type !== 'LoadBalancer')
      object.status = { ...object.status, loadBalancer: {} };
  },
  validate: validateService,
  warnings: warnOfService,
  validateUpdate: validateServiceUpdate,
  validateStatus: validateServiceStatus,
  companions: allocate,
  release: async (_situation, object) => releaseAll(object),
});

/** Clients send back what they know: what was allocated stays where an update is silent. */
function keepAllocated(object: V1Service, old: V1Service): void {
  const spec = object.spec!;
  const before = old.spec;
  if (!before) return;
  // The one field was changed, and the other is what the client read.
  if (spec.clusterIP !== before.clusterIP && semanticEqual(spec.clusterIPs, before.clusterIPs) && spec.clusterIPs)
    spec.clusterIPs = spec.clusterIP ? [spec.clusterIP] : [];
  if (before.ipFamilyPolicy && spec.type !== 'ExternalName') spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  if (hasClusterIP(object) && hasClusterIP(old)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
    if (!spec.clusterIPs?.length && before.clusterIPs && spec.clusterIP === before.clusterIP)
      spec.clusterIPs = [...before.clusterIPs];
    if (!spec.ipFamilies?.length && before.ipFamilies) spec.ipFamilies = [...before.ipFamilies];
    // Back to one family: the second goes with its address, which the client need not know.
    if (spec.ipFamilyPolicy === 'SingleStack' && before.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
      spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    }
  }
  if (hasNodePorts(object) && hasNodePorts(old)) {
    const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort).filter(Boolean));
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      const same = before.ports?.find(
        (each) => each.port === port.port && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
      );
      if (same?.nodePort && !used.has(same.nodePort)) {
        port.nodePort = same.nodePort;
        used.add(same.nodePort);
      }
    }
  } else if (hasNodePorts(old)) {
    // What the old type had, and the client did not know to take away.
    for (const port of spec.ports ?? []) {
      if (port.nodePort && before.ports?.some((each) => each.nodePort === port.nodePort)) delete port.nodePort;
    }
  }
  if (isReachedFromOutside(before) && !isReachedFromOutside(spec))
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  const needsHealth = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (needsHealth && !spec.healthCheckNodePort && before.healthCheckNodePort)
    spec.healthCheckNodePort = before.healthCheckNodePort;
  if (!needsHealth && spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort;
  if (spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (spec.type === 'ExternalName' && before.type !== 'ExternalName')
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
      if (semanticEqual(spec[field], before[field])) delete spec[field];
}

function isReachedFromOutside({ type, externalIPs }: V1ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && Boolean(externalIPs?.length));
}
