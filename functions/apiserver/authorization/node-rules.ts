// The rules of the Node authorizer: a node's credential reads what its pods name, and writes what a node owns. What of it needs the object that is
// written is NodeRestriction's (core/registry/admission/node-restriction.ts).
// Source: Kubernetes, "Using Node Authorization", its list of rules for nodes; KEP-4601 for selectors.

import type { Attributes, Decision } from '../../../core/authorization/authorizer.ts';
import { mirrorAnnotation } from '../../../core/kinds/core/pod/semantics/mirror.ts';
import { requiredFieldValue } from '../../../core/machinery/fields.ts';
import { upgradeLease } from '../../../core/node/upgrade-turn.ts';
import { volumeSecrets } from '../../../core/node/volume-secrets.ts';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import type { Lookup } from '../authentication/lookup.ts';
import type { NodeFacts } from '../node/node-index.ts';

const pass: Decision = { effect: 'pass', reason: '' };
const allow: Decision = { effect: 'allow', reason: 'node' };

// What every node may do with whole resources: group/resource[/subresource] -> verbs.
const shared = new Map<string, readonly string[]>([
  ['/services', ['get', 'list', 'watch']],
  ['/events', ['create', 'update', 'patch']],
  ['node.k8s.io/runtimeclasses', ['get', 'list', 'watch']],
  ['storage.k8s.io/csidrivers', ['get', 'list', 'watch']],
  ['authentication.k8s.io/tokenreviews', ['create']],
  ['authorization.k8s.io/subjectaccessreviews', ['create']],
  ['authorization.k8s.io/localsubjectaccessreviews', ['create']],
  ['certificates.k8s.io/certificatesigningrequests', ['create', 'get', 'list', 'watch']],
]);

const ownObject = ['get', 'update', 'patch', 'delete'];

/** About a resource. */
export type DecideOnNode = (node: string, attributes: Attributes) => Promise<Decision>;

/** `open`: called when a node asks. `lookup`: for the few types that nodes never receive. */
export function nodeRules(open: (node: string) => Promise<NodeFacts>, lookup: Lookup): DecideOnNode {
  const decide = async (index: NodeFacts, node: string, attributes: Attributes): Promise<Decision> => {
    const { verb, namespace, name, fieldSelector = [] } = attributes;
    const id = idOf(attributes);
    const key = `${namespace}/${name}`;
    const related = (found: boolean) =>
      found ? allow : no(`no relationship found between node '${node}' and this object`);
    const onlyGet = (found: () => boolean | Promise<boolean>) =>
      verb === 'get' ? Promise.resolve(found()).then(related) : no('can only get individual resources of this type');
    switch (id) {
      case '/configmaps':
        if (!reads.has(verb)) return no('can only read resources of this type');
        return related(index.needs(node, 'configmaps').has(key));
      case '/secrets':
        if (!reads.has(verb)) return no('can only read resources of this type');
        return related(index.needs(node, 'secrets').has(key) || ofVolume(index, node, key));
      case '/persistentvolumeclaims':
        return onlyGet(() => index.needs(node, 'persistentvolumeclaims').has(key));
      case '/persistentvolumeclaims/status':
        if (verb !== 'update' && verb !== 'patch') return no('can only update/patch this type');
        return related(index.needs(node, 'persistentvolumeclaims').has(key));
      case '/persistentvolumes':
        return onlyGet(() => index.needs(node, 'persistentvolumes').has(name));
      case 'resource.k8s.io/resourceclaims':
        return onlyGet(() => claims(index, node, namespace, name));
      case 'storage.k8s.io/volumeattachments':
        return onlyGet(async () => (await nodeNameOf(lookup, 'storage.k8s.io/volumeattachments', name)) === node);
      case 'resource.k8s.io/resourceslices':
        if (verb === 'create') return allow;
        if (verb === 'list' || verb === 'watch' || verb === 'deletecollection')
          return requiredFieldValue(fieldSelector, 'spec.nodeName') === node
            ? allow
            : no('can only list/watch/deletecollection resourceslices with nodeName field selector');
        if (!ownObject.includes(verb)) return pass;
        return related((await nodeNameOf(lookup, 'resource.k8s.io/resourceslices', name)) === node);
      case '/pods':
        if (verb === 'get') return related(isBound(index, node, key));
        if (verb === 'list' || verb === 'watch') {
          if (requiredFieldValue(fieldSelector, 'spec.nodeName') === node) return allow;
          if (name !== '') return related(isBound(index, node, key));
          return no('can only list/watch pods with spec.nodeName field selector');
        }
        if (verb === 'create') return allow;
        if (verb === 'delete') return isBound(index, node, key) ? allow : no('a node deletes only pods bound to it');
        return pass;
      case '/pods/status':
        return (verb === 'update' || verb === 'patch') && isBound(index, node, key) ? allow : pass;
      case '/pods/eviction':
        return verb === 'create' && isBound(index, node, key) ? allow : pass;
      case '/nodes':
        if (reads.has(verb))
          return name === node
            ? allow
            : no(`node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`);
        if (verb === 'create') return allow;
        return (verb === 'update' || verb === 'patch') && name === node ? allow : no('a node writes only itself');
      case '/nodes/status':
        return (verb === 'update' || verb === 'patch') && name === node ? allow : no('a node writes only itself');
      case 'coordination.k8s.io/leases':
        // Of this one NodeRestriction says the rest.
        if (namespace === upgradeLease.namespace && (verb === 'create' || name === upgradeLease.name))
          return verb === 'create' || verb === 'get' || verb === 'update' ? allow : no('only takes its turn');
        if (namespace !== 'kube-node-lease')
          return no('can only access leases in the "kube-node-lease" system namespace');
        return verb === 'create' || (ownObject.includes(verb) && name === node) ? allow : no('only its own lease');
      case 'storage.k8s.io/csinodes':
        return verb === 'create' || (ownObject.includes(verb) && name === node) ? allow : no('only its own CSINode');
      case '/serviceaccounts':
        return onlyGet(() => runsAs(index, node, namespace, name));
      case '/serviceaccounts/token':
        return verb === 'create' && runsAs(index, node, namespace, name)
          ? allow
          : no('no pod of this node runs as this account');
      default:
        return pass;
    }
  };
  return async (node, attributes) => {
    if (shared.get(idOf(attributes))?.includes(attributes.verb)) return allow;
    const index = await open(node);
    const decision = await decide(index, node, attributes);
    if (decision.effect === 'allow') return decision;
    // The pod may have been bound a moment ago.
    await index.catchUp();
    return decide(index, node, attributes);
  };
}

function idOf({ group, resource, subresource }: Attributes): string {
  return subresource === '' ? `${group}/${resource}` : `${group}/${resource}/${subresource}`;
}

function no(reason: string): Decision {
  return { effect: 'pass', reason };
}

/** Of one object by its name: without one, no key is found. */
const reads = new Set(['get', 'list', 'watch']);

/** The pods that open something to their node. A pod that the node made itself, the picture of a static one, does not. */
function* podsOf(index: NodeFacts, node: string): Iterable<V1Pod> {
  for (const { object: pod } of index.podsOf(node)) {
    if (pod.metadata?.annotations?.[mirrorAnnotation] === undefined) yield pod;
  }
}

function isBound(index: NodeFacts, node: string, key: string): boolean {
  for (const entry of index.podsOf(node)) if (entry.name === key) return true;
  return false;
}

function runsAs(index: NodeFacts, node: string, namespace: string, account: string): boolean {
  for (const { metadata, spec } of podsOf(index, node))
    if (metadata?.namespace === namespace && (spec?.serviceAccountName || 'default') === account) return true;
  return false;
}

function claims(index: NodeFacts, node: string, namespace: string, claim: string): boolean {
  for (const { metadata, spec, status } of podsOf(index, node)) {
    if (metadata?.namespace !== namespace) continue;
    if (status?.extendedResourceClaimStatus?.resourceClaimName === claim) return true;
    for (const { name, resourceClaimName } of spec?.resourceClaims ?? []) {
      const made = status?.resourceClaimStatuses?.find((each) => each.name === name)?.resourceClaimName;
      if ((resourceClaimName ?? made) === claim) return true;
    }
  }
  return false;
}

/** Secrets of the volumes that the node's pods claimed. */
function ofVolume(index: NodeFacts, node: string, key: string): boolean {
  for (const name of index.needs(node, 'persistentvolumes')) {
    const volume = index.volume(name)?.object;
    if (volume && volumeSecrets(volume).includes(key)) return true;
  }
  return false;
}

async function nodeNameOf(lookup: Lookup, type: string, name: string): Promise<string | undefined> {
  // as: the one field that is looked at.
  return ((await lookup(type, name)) as { spec?: { nodeName?: string } } | undefined)?.spec?.nodeName;
}
