// Who may do what, written down for the tests alone: what Kubernetes documents of its default roles and of the Node authorizer. It shares
// nothing with the product, so that a mistake in one is not in the other.
// Source: "Using RBAC Authorization", user-facing roles; "Using Node Authorization"; KEP-4601.

export interface Cell {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty: not in a namespace, or in all. */
  readonly namespace: string;
  /** Empty: the collection. */
  readonly name: string;
}

export type Policy = (cell: Cell) => boolean;

/**
 * Lines of `verbs | group | resources`, words separated by spaces, the core group as `-`. `rw` stands for all verbs of people's roles,
 * `ro` for those that read, `w` for those that write.
 */
function table(text: string): Policy {
  const allowed = new Set<string>();
  for (const line of text.trim().split('\n')) {
    const [verbs = '', group = '', resources = ''] = line.split('|').map((each) => each.trim());
    for (const verb of verbs.split(' ').flatMap((each) => shorthand.get(each) ?? [each]))
      for (const resource of resources.split(' ')) allowed.add(`${verb} ${group === '-' ? '' : group} ${resource}`);
  }
  return ({ verb, group, resource, subresource }) =>
    allowed.has(`${verb} ${group} ${subresource === '' ? resource : `${resource}/${subresource}`}`);
}

const reads = ['get', 'list', 'watch'];
const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const shorthand = new Map([
  ['ro', reads],
  ['w', writes],
  ['rw', [...reads, ...writes]],
]);

export const nobody: Policy = () => false;

/** Of everybody who has proven who they are: questions about themselves. */
export const authenticated: Policy = table(`
  create | authorization.k8s.io  | selfsubjectaccessreviews selfsubjectrulesreviews
  create | authentication.k8s.io | selfsubjectreviews
`);

export const view: Policy = table(`
  ro | - | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods pods/log pods/status
  ro | - | replicationcontrollers replicationcontrollers/scale replicationcontrollers/status serviceaccounts services services/status
  ro | - | bindings events limitranges namespaces namespaces/status resourcequotas resourcequotas/status
  ro | discovery.k8s.io | endpointslices
  ro | apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status
  ro | apps | replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status
  ro | autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status
  ro | batch | cronjobs cronjobs/status jobs jobs/status
  ro | policy | poddisruptionbudgets poddisruptionbudgets/status
  ro | networking.k8s.io | ingresses ingresses/status networkpolicies
  ro | resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates
`);

const alsoEdit = table(`
  ro     | - | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy
  w      | - | pods pods/attach pods/exec pods/portforward pods/proxy
  create | - | pods/eviction serviceaccounts/token
  w      | - | configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale
  w      | - | secrets serviceaccounts services services/proxy
  w      | apps | daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale
  w      | apps | statefulsets statefulsets/scale
  w      | autoscaling | horizontalpodautoscalers
  w      | batch | cronjobs jobs
  w      | policy | poddisruptionbudgets
  w      | networking.k8s.io | ingresses networkpolicies
  rw     | coordination.k8s.io | leases
  w      | resource.k8s.io | resourceclaims resourceclaimtemplates
`);
export const edit: Policy = (cell) => view(cell) || alsoEdit(cell);

const alsoAdmin = table(`
  create | authorization.k8s.io | localsubjectaccessreviews
  rw     | rbac.authorization.k8s.io | rolebindings roles
`);
export const admin: Policy = (cell) => edit(cell) || alsoAdmin(cell);

/** A policy in one namespace only: what a RoleBinding gives. */
export const inNamespace =
  (namespace: string, policy: Policy): Policy =>
  (cell) =>
    cell.namespace === namespace && policy(cell);

/** One policy or another. */
export const either =
  (...policies: readonly Policy[]): Policy =>
  (cell) =>
    policies.some((policy) => policy(cell));

/** What the pods of a node name, each as `resource namespace/name` (`resource name` where there is no namespace). */
export interface NodeRelations {
  readonly node: string;
  readonly pods: readonly string[];
  readonly reads: readonly string[];
  readonly accounts: readonly string[];
}

const everyNode = table(`
  create | authentication.k8s.io | tokenreviews
  create | authorization.k8s.io  | localsubjectaccessreviews subjectaccessreviews
  ro     | - | services
  create update patch | - | events
  create | - | pods nodes
  ro     | storage.k8s.io | csidrivers
  ro     | node.k8s.io | runtimeclasses
  ro     | certificates.k8s.io | clustertrustbundles
  create get list watch | certificates.k8s.io | certificatesigningrequests
`);

/** What the Node authorizer lets the credential of a node do. */
export function nodePolicy({ node, pods, reads: related, accounts }: NodeRelations): Policy {
  return (cell) => {
    const { verb, group, resource, subresource, namespace, name } = cell;
    if (everyNode(cell)) return true;
    const what = subresource === '' ? resource : `${resource}/${subresource}`;
    const key = namespace === '' ? name : `${namespace}/${name}`;
    switch (group === '' ? what : `${group}/${what}`) {
      case 'nodes':
        return name === node && [...reads, 'update', 'patch'].includes(verb);
      case 'nodes/status':
        return name === node && ['update', 'patch'].includes(verb);
      case 'pods':
        return pods.includes(key) && ['get', 'list', 'watch', 'delete'].includes(verb);
      case 'pods/status':
        return pods.includes(key) && ['update', 'patch'].includes(verb);
      case 'pods/eviction':
        return pods.includes(key) && verb === 'create';
      case 'secrets':
      case 'configmaps':
        return related.includes(`${resource} ${key}`) && reads.includes(verb);
      case 'persistentvolumeclaims':
      case 'persistentvolumes':
        return related.includes(`${resource} ${key}`) && verb === 'get';
      case 'persistentvolumeclaims/status':
        return related.includes(`persistentvolumeclaims ${key}`) && (verb === 'update' || verb === 'patch');
      case 'serviceaccounts':
        return accounts.includes(key) && verb === 'get';
      // Whose it is, is its content's: admission looks there.
      case 'resource.k8s.io/resourceslices':
        return verb === 'create' && name === '';
      case 'serviceaccounts/token':
        return accounts.includes(key) && verb === 'create';
      case 'coordination.k8s.io/leases':
        // The turn to upgrade an agent is a Lease there: of all that a node may create, admission lets through that one
        // (functions/apiserver/node/upgrade-turn.security.test.ts).
        if (namespace === 'kube-system') return name === '' && verb === 'create';
        return (
          namespace === 'kube-node-lease' &&
          (name === node ? ['get', 'update', 'patch', 'delete'].includes(verb) : name === '' && verb === 'create')
        );
      case 'storage.k8s.io/csinodes':
        return name === node ? ['get', 'update', 'patch', 'delete'].includes(verb) : name === '' && verb === 'create';
      default:
        return false;
    }
  };
}
