// A Service of type LoadBalancer gets its address from a controller of a cloud or of the network (MetalLB, Cilium). Where none has come after
// a minute, an Event says so, since nothing else would.

import {
  type Action,
  controllerUser,
  defineController,
  keyOf,
  type ObjectOf,
  regarding,
  splitKey,
  watch,
} from './controller.ts';

const type = 'services';
/** Load balancers of clouds take some seconds. */
const patienceMs = 60_000;

type Service = ObjectOf<typeof type>;

export const serviceLoadBalancerController = defineController({
  name: 'service-lb',
  component: 'service-controller',
  user: controllerUser('service-controller'),
  watches: [watch(type, ({ object }) => (isUnserved(object) ? [keyOf(object)] : []))],
  owns: [],
  reconcile(snapshot, key, { now }): Action[] {
    const { namespace, name } = splitKey(key);
    const service = snapshot.get(type, namespace, name);
    if (!service || !isUnserved(service)) return [];
    const due = Date.parse(service.metadata.creationTimestamp ?? '') + patienceMs;
    if (due > now) return [{ do: 'requeue', afterMs: due - now }];
    const event = { type: 'Warning', reason: 'SyncLoadBalancerFailed', message: messageOf(service) } as const;
    return [{ do: 'event', regarding: regarding('v1', 'Service', service), event }];
  },
});

function isUnserved({ metadata, spec, status }: Service): boolean {
  return spec?.type === 'LoadBalancer' && !metadata.deletionTimestamp && !status?.loadBalancer?.ingress?.length;
}

function messageOf({ spec }: Service): string {
  const which = spec?.loadBalancerClass ? `load balancers of class ${spec.loadBalancerClass}` : 'load balancers';
  const meanwhile = spec?.ports?.some(({ nodePort }) => nodePort) ? '; its node ports serve it meanwhile' : '';
  return `Nobody gave this Service an address: a controller that serves ${which}, such as MetalLB, must be installed${meanwhile}`;
}
