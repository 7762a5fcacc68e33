// The ranges that cluster IPs come from: every ServiceCIDR that is ready (KEP-1880). A cluster grows by another one.

import type { V1ServiceCIDR } from '../../../generated/kubernetes.ts';
import { type Cidr, parseCidr } from '../../machinery/cidr.ts';
import type { Check } from '../../store/store.ts';
import type { Environment } from '../environment.ts';

const type = 'networking.k8s.io/servicecidrs';

/** The one that the cluster was started with. */
const first = 'kubernetes';

export interface ServiceRange {
  readonly cidr: Cidr;
  /**
   * Holds as long as the range is still one that may be used. Every commit that takes an address of a range that was added
   * later carries it: such a range may be on its way out. The first one rarely is, and has the grace of its controller.
   */
  readonly check?: Check;
}

/** The first range first, then the others by name. */
export async function serviceRanges(env: Environment): Promise<ServiceRange[]> {
  const replica = env.replicas.peek(type) ?? (await env.replicas.of(type));
  // Whether a range is going is for now, not for a moment ago.
  await replica.catchUp();
  const own: ServiceRange[] = [];
  const added: ServiceRange[] = [];
  let known = false;
  for (const { name, revision, object } of replica.snapshot()) {
    if (name === first) known = true;
    // Entries of a replica hold what the registry stored.
    const of = object;
    if (!isUsable(of, name)) continue;
    const cidrs = (of.spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);
    if (name === first) own.push(...cidrs.map((cidr) => ({ cidr })));
    else added.push(...cidrs.map((cidr) => ({ cidr, check: { op: 'check' as const, type, name, expect: revision } })));
  }
  // Until the first start has written it.
  if (!known) own.push(...env.serviceCIDRs.flatMap((text) => parseCidr(text) ?? []).map((cidr) => ({ cidr })));
  return [...own, ...added];
}

/** The first range serves before any controller ran; the others wait for theirs to say that they are ready. */
function isUsable({ metadata, status }: V1ServiceCIDR, name: string): boolean {
  if (metadata?.deletionTimestamp) return false;
  const ready = status?.conditions?.find((each) => each.type === 'Ready')?.status;
  return name === first ? ready !== 'False' : ready === 'True';
}
