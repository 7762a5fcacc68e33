// The Node authorizer: a node's credential reads what its pods name, and writes what a node owns.
// Source: Kubernetes, "Using Node Authorization", with the rules of the NodeRestriction plugin that need no object.

import type { Attributes, Authorizer, Decision } from '../../../core/authorization/authorizer.ts';
import { requiredFieldValue } from '../../../core/machinery/fields.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { nodeOf } from '../authentication/users.ts';
import type { NodeIndex } from '../node/node-index.ts';

const pass: Decision = { effect: 'pass', reason: '' };
const allow: Decision = { effect: 'allow', reason: 'node' };

// What every node may do with whole resources: group/resource[/subresource] -> verbs.
const shared: Readonly<Record<string, readonly string[]>> = {
  '/services': ['get', 'list', 'watch'],
  '/namespaces': ['get', 'list', 'watch'],
  'discovery.k8s.io/endpointslices': ['get', 'list', 'watch'],
  'networking.k8s.io/networkpolicies': ['get', 'list', 'watch'],
  'node.k8s.io/runtimeclasses': ['get', 'list', 'watch'],
  'storage.k8s.io/csidrivers': ['get', 'list', 'watch'],
  '/events': ['create', 'update', 'patch'],
  'events.k8s.io/events': ['create', 'update', 'patch'],
  'authentication.k8s.io/tokenreviews': ['create'],
  'authorization.k8s.io/subjectaccessreviews': ['create'],
  'authorization.k8s.io/selfsubjectaccessreviews': ['create'],
  'authorization.k8s.io/selfsubjectrulesreviews': ['create'],
  'certificates.k8s.io/certificatesigningrequests': ['create', 'get', 'list', 'watch'],
};

/** `open`: called when the first node asks. */
export function nodeAuthorizer(open: () => Promise<NodeIndex>): Authorizer {
  const decide = (index: NodeIndex, node: string, attributes: Attributes): Decision => {
    const { group, resource, subresource, verb, namespace, name } = attributes;
    const id = subresource === '' ? `${group}/${resource}` : `${group}/${resource}/${subresource}`;
    if (getOwn(shared, id)?.includes(verb)) return allow;
    const key = `${namespace}/${name}`;
    switch (id) {
      case '/configmaps':
      case '/secrets':
      case '/persistentvolumeclaims':
        return readsOne(verb, name) && index.needs(node, id.slice(1) as 'configmaps').has(key)
          ? allow
          : no(`no relationship found between node ${JSON.stringify(node)} and this object`);
      case '/persistentvolumes':
        return readsOne(verb, name) && index.needs(node, 'persistentvolumes').has(name) ? allow : pass;
      case '/pods':
        if (verb === 'get' && name !== '') return isBound(index, node, key) ? allow : pass;
        if (verb === 'list' || verb === 'watch') {
          const { fieldSelector = [] } = attributes;
          if (requiredFieldValue(fieldSelector, 'spec.nodeName') === node) return allow;
          if (name !== '' && isBound(index, node, key)) return allow;
          return no('can only list/watch pods with spec.nodeName field selector');
        }
        if (verb === 'delete') return isBound(index, node, key) ? allow : no('a node deletes only pods bound to it');
        return pass;
      case '/pods/status':
        return (verb === 'update' || verb === 'patch') && isBound(index, node, key) ? allow : pass;
      case '/nodes':
        if (verb === 'get' || verb === 'list' || verb === 'watch')
          return name === node
            ? allow
            : no(`node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`);
        if (verb === 'create') return allow;
        return (verb === 'update' || verb === 'patch') && name === node ? allow : no('a node writes only itself');
      case '/nodes/status':
        return name === node && (verb === 'get' || verb === 'update' || verb === 'patch')
          ? allow
          : no('a node writes only itself');
      case 'coordination.k8s.io/leases':
        return namespace === 'kube-node-lease' && (name === node || (verb === 'create' && name === '')) ? allow : pass;
      case 'storage.k8s.io/csinodes':
        return name === node || verb === 'create' ? allow : pass;
      case '/serviceaccounts/token':
        return verb === 'create' && runsAs(index, node, namespace, name)
          ? allow
          : no('no pod of this node runs as this account');
      default:
        return pass;
    }
  };
  return {
    async authorize(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined || !attributes.isResource) return pass;
      const index = await open();
      const decision = decide(index, node, attributes);
      if (decision.effect === 'allow') return decision;
      // The pod may have been bound a moment ago.
      await index.catchUp();
      return decide(index, node, attributes);
    },
  };
}

function no(reason: string): Decision {
  return { effect: 'pass', reason };
}

function readsOne(verb: string, name: string): boolean {
  return name !== '' && (verb === 'get' || verb === 'list' || verb === 'watch');
}

function isBound(index: NodeIndex, node: string, key: string): boolean {
  for (const entry of index.podsOf(node)) if (entry.name === key) return true;
  return false;
}

function runsAs(index: NodeIndex, node: string, namespace: string, account: string): boolean {
  for (const entry of index.podsOf(node)) {
    // The pods' replica holds nothing else.
    const { metadata, spec } = entry.object as {
      metadata: { namespace?: string };
      spec?: { serviceAccountName?: string };
    };
    if (metadata.namespace === namespace && (spec?.serviceAccountName || 'default') === account) return true;
  }
  return false;
}
