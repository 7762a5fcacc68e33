// The RBAC objects of the cluster by subject, kept from four replicas: who is bound to which rules, and where.
// Source: rbac.authorization.k8s.io/v1.

import type { Entry, Replica, Replicas } from '../replica/replica.ts';
import { type PolicyRule, type RuleMatcher, ruleMatcher } from './policy-rule.ts';
import type { UserInfo } from './user-info.ts';

interface RoleRef {
  readonly kind: string;
  readonly name: string;
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

interface Role {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly rules?: readonly PolicyRule[] | null;
}

interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[] | null;
}

/** A rule that holds for a user, and through which binding. */
export interface Grant {
  readonly rule: RuleMatcher;
  /** Empty: in the whole cluster. */
  readonly namespace: string;
  readonly binding: string;
}

export interface RbacIndex {
  /** Grants that hold in `namespace` (empty: cluster-wide ones only). */
  grants(user: UserInfo, namespace: string): Iterable<Grant>;
  /** The rules of a role as they are now; undefined when it does not exist. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
  /** Whether some ClusterRole that every cluster has from its start is there. */
  hasDefaults(): boolean;
  /** Exact at the store's heads as of this call. */
  catchUp(): Promise<void>;
  close(): void;
}

const types = {
  roles: 'rbac.authorization.k8s.io/roles',
  clusterRoles: 'rbac.authorization.k8s.io/clusterroles',
  roleBindings: 'rbac.authorization.k8s.io/rolebindings',
  clusterRoleBindings: 'rbac.authorization.k8s.io/clusterrolebindings',
} as const;

/** Ready when it resolves: the four replicas have caught up once. */
export async function createRbacIndex(replicas: Replicas): Promise<RbacIndex> {
  const [roles, clusterRoles, roleBindings, clusterRoleBindings] = await Promise.all([
    replicas.of(types.roles),
    replicas.of(types.clusterRoles),
    replicas.of(types.roleBindings),
    replicas.of(types.clusterRoleBindings),
  ]);
  // Subject -> the entries of bindings that name it. A user has a name and some groups: a handful of look-ups a request.
  const bySubject = new Map<string, Map<string, Entry>>();
  const unsubscribe = [roleBindings, clusterRoleBindings].map((replica) => follow(replica, bySubject));
  // The matchers of a role live as long as its entry does.
  const matchers = new WeakMap<Entry, readonly RuleMatcher[]>();

  const roleEntry = (roleRef: RoleRef, namespace: string) =>
    roleRef.kind === 'ClusterRole' ? clusterRoles.get(roleRef.name) : roles.get(`${namespace}/${roleRef.name}`);

  const matchersOf = (entry: Entry) => {
    const known = matchers.get(entry);
    if (known) return known;
    const made = (roleOf(entry).rules ?? []).map(ruleMatcher);
    matchers.set(entry, made);
    return made;
  };

  function* grantsOf(subject: string, namespace: string): Iterable<Grant> {
    const entries = bySubject.get(subject);
    if (!entries) return;
    for (const entry of entries.values()) {
      const binding = bindingOf(entry);
      const where = binding.metadata.namespace ?? '';
      if (where !== '' && where !== namespace) continue;
      const role = roleEntry(binding.roleRef, where);
      if (!role) continue;
      const name =
        where === '' ? `ClusterRoleBinding ${binding.metadata.name}` : `RoleBinding ${binding.metadata.name}`;
      for (const rule of matchersOf(role)) yield { rule, namespace: where, binding: name };
    }
  }

  return {
    *grants(user, namespace) {
      yield* grantsOf(`User:${user.username}`, namespace);
      for (const group of user.groups) yield* grantsOf(`Group:${group}`, namespace);
    },
    rulesOf(roleRef, namespace) {
      const entry = roleEntry(roleRef, namespace);
      return entry && (roleOf(entry).rules ?? []);
    },
    hasDefaults() {
      for (const entry of clusterRoles.snapshot())
        if (roleOf(entry).metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults') return true;
      return false;
    },
    async catchUp() {
      await Promise.all([roles, clusterRoles, roleBindings, clusterRoleBindings].map((each) => each.catchUp()));
    },
    close() {
      for (const each of unsubscribe) each();
    },
  };
}

// The registry validated what it stored under these types.
function roleOf(entry: Entry): Role {
  return entry.object as Role;
}

function bindingOf(entry: Entry): Binding {
  return entry.object as Binding;
}

function follow(replica: Replica, bySubject: Map<string, Map<string, Entry>>): () => void {
  const key = (name: string) => `${replica.type}#${name}`;
  const add = (entry: Entry) => {
    for (const subject of subjectsOf(entry)) {
      const entries = bySubject.get(subject) ?? new Map<string, Entry>();
      bySubject.set(subject, entries);
      entries.set(key(entry.name), entry);
    }
  };
  const remove = (entry: Entry) => {
    for (const subject of subjectsOf(entry)) {
      const entries = bySubject.get(subject);
      entries?.delete(key(entry.name));
      if (entries?.size === 0) bySubject.delete(subject);
    }
  };
  // Subscribed before the snapshot is read, both synchronously: nothing is missed between them.
  const current = new Map<string, Entry>();
  const unsubscribe = replica.onEvent((event) => {
    const before = current.get(event.entry.name);
    if (before) remove(before);
    current.delete(event.entry.name);
    if (event.type === 'DELETED') return;
    current.set(event.entry.name, event.entry);
    add(event.entry);
  });
  for (const entry of replica.snapshot()) {
    current.set(entry.name, entry);
    add(entry);
  }
  return unsubscribe;
}

function* subjectsOf(entry: Entry): Iterable<string> {
  const { subjects, metadata } = bindingOf(entry);
  for (const { kind, name, namespace } of subjects ?? []) {
    if (kind === 'ServiceAccount') yield `User:system:serviceaccount:${namespace ?? metadata.namespace ?? ''}:${name}`;
    else yield `${kind}:${name}`;
  }
}
