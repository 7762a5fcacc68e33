// Ranges of cluster IPs (KEP-1880): one is ready once it is held by the finalizer, and goes only when no address is left in it
// that no other range has.

import { type Cidr, contains, parseCidr } from '../../core/machinery/cidr.ts';
import { sameJson, timestamp } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  type Snapshot,
  watch,
  watchSelf,
} from './controller.ts';
import { patchWithPreconditions } from './preconditions.ts';

const ranges = 'networking.k8s.io/servicecidrs';
const addresses = 'networking.k8s.io/ipaddresses';
const finalizer = 'networking.k8s.io/service-cidr-finalizer';

/** How long after its deletion began a range is kept: allocators that have not seen that yet finish within it. */
const graceMs = 10_000;

type Range = ObjectOf<typeof ranges>;

export const serviceCIDRController = defineController({
  name: 'service-cidr',
  user: controllerUser('service-cidrs-controller'),
  watches: [
    watchSelf(ranges),
    // Another range, or one address less, may let one go.
    watch(ranges, (_event, snapshot) => going(snapshot)),
    watch(addresses, ({ type }, snapshot: Snapshot<typeof ranges>) => (type === 'DELETED' ? going(snapshot) : [])),
  ],
  owns: [ranges],
  reconcile(snapshot, name, { now }): Action<typeof ranges>[] {
    const range = snapshot.get(ranges, '', name);
    if (!range) return [];
    const { deletionTimestamp, finalizers = [] } = range.metadata;
    const hold = (next: readonly string[]) => patchWithPreconditions(ranges, range, { metadata: { finalizers: next } });
    if (!deletionTimestamp) {
      if (!finalizers.includes(finalizer)) return [hold([...finalizers, finalizer])];
      return setReady(range, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }, now);
    }
    if (!finalizers.includes(finalizer)) return [];
    // The condition comes first, so that nobody takes another address of it.
    const notReady = setReady(range, terminating, now);
    if (notReady.length > 0) return notReady;
    if (isUsed(snapshot, range)) return [];
    const left = Date.parse(String(deletionTimestamp)) + graceMs - now;
    return left > 0 ? [{ do: 'requeue', afterMs: left }] : [hold(finalizers.filter((each) => each !== finalizer))];
  },
});

const terminating = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
} as const;

function going(snapshot: Snapshot<'networking.k8s.io/servicecidrs'>): string[] {
  return snapshot.list(ranges).flatMap(({ metadata }) => (metadata.deletionTimestamp ? [metadata.name] : []));
}

/** Whether an address of the range is taken that no range which stays has. */
function isUsed(
  snapshot: Snapshot<'networking.k8s.io/ipaddresses' | 'networking.k8s.io/servicecidrs'>,
  range: Range,
): boolean {
  const own = cidrsOf(range);
  const others = snapshot
    .list(ranges)
    .filter(({ metadata }) => metadata.name !== range.metadata.name && !metadata.deletionTimestamp)
    .flatMap(cidrsOf);
  const has = (cidrs: readonly Cidr[], address: string) => cidrs.some((each) => contains(each, address));
  return snapshot.list(addresses).some(({ metadata: { name } }) => has(own, name) && !has(others, name));
}

function cidrsOf({ spec }: Range): Cidr[] {
  return (spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);
}

function setReady(
  range: Range,
  wanted: { readonly status: string; readonly reason: string; readonly message: string },
  now: number,
): Action<typeof ranges>[] {
  const conditions = range.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'Ready');
  if (before && sameJson({ ...before, ...wanted }, before)) return [];
  const changed = before?.status !== wanted.status;
  const condition = {
    type: 'Ready',
    ...wanted,
    lastTransitionTime: changed ? timestamp(now) : before.lastTransitionTime,
  };
  const others = conditions.filter(({ type }) => type !== 'Ready');
  return [patchWithPreconditions(ranges, range, { status: { conditions: [...others, condition] } }, 'status')];
}
