// ServiceAccount: every pod runs as an account of its namespace, and gets its token and the cluster's CA where it may.

import type { V1Container, V1Pod, V1ServiceAccount, V1Volume } from '../../../generated/kubernetes.ts';
import { mirrorAnnotation } from '../../kinds/core/pod/semantics/mirror.ts';
import { projectedSources } from '../../kinds/core/pod/semantics/projected-sources.ts';
import type { Environment } from '../../kinds/environment.ts';
import { randomSuffix } from '../../machinery/names.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { forbidden } from '../../machinery/status.ts';
import { formatTime } from '../../machinery/time.ts';
import { podReferences } from '../../node/pod-references.ts';
import { encodeObject } from '../../store/encode-object.ts';
import { isConflict } from '../store-errors.ts';
import type { AdmissionPlugin, AttributesOf } from './plugin.ts';

const pods = { group: '', resource: 'pods' };
const type = 'serviceaccounts';
const defaultName = 'default';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** An hour, and seven seconds that tell a token from one that was asked for. */
const tokenSeconds = 3607;
const readable = 0o644;

export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  operations: ['CREATE'],
  types: ['pods'],
  async mutate({ object, namespace, name, subresource, dryRun }: AttributesOf<'pods'>, env) {
    if (subresource !== '' || !object || object.metadata.annotations?.[mirrorAnnotation] !== undefined) return;
    const { spec } = object;
    if (!spec) return;
    spec.serviceAccountName ||= defaultName;
    spec.serviceAccount = spec.serviceAccountName;
    const account = await accountOf(env, namespace, spec.serviceAccountName, dryRun);
    if (!account) {
      const why = `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`;
      throw forbidden(pods, name, why);
    }
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map((each) => ({ ...each }));
    }
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(env, spec);
  },
  validate({ object, namespace, name, subresource }: AttributesOf<'pods'>) {
    if (subresource !== '' || object?.metadata.annotations?.[mirrorAnnotation] === undefined) return;
    const { spec } = object;
    const no = (what: string) => {
      throw forbidden(pods, name, `a mirror pod may not ${what}`);
    };
    if (spec?.serviceAccountName) no('reference service accounts');
    if (podReferences(namespace, name, spec).some(({ resource }) => resource === 'secrets')) no('reference secrets');
    if (projectedSources(spec).some(({ serviceAccountToken }) => serviceAccountToken))
      no('use service account token projections');
  },
};

async function accountOf(
  env: Environment,
  namespace: string,
  name: string,
  dryRun: boolean,
): Promise<V1ServiceAccount | undefined> {
  const key = `${namespace}/${name}`;
  const found = await env.lookUp(type, key);
  if (found || name !== defaultName) return found;
  // A new namespace's account is the account controller's to make. Who comes before it makes the same, instead of waiting.
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, uid: env.random.uuid(), creationTimestamp: formatTime(env.clock()) },
  };
  try {
    if (!dryRun) await env.store.commit([{ op: 'put', type, name: key, expect: 0, value: encodeObject(object) }]);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return object;
}

function mountToken(env: Environment, spec: NonNullable<V1Pod['spec']>): void {
  const present = spec.volumes?.find(({ name }) => name?.startsWith(volumePrefix));
  const volumeName = present?.name ?? volumePrefix + randomSuffix(() => env.random.number());
  let mounted = false;
  const mount = (container: V1Container) => {
    if (container.volumeMounts?.some((each) => each.mountPath === mountPath)) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volumeName, readOnly: true, mountPath }];
    mounted = true;
  };
  spec.initContainers?.forEach(mount);
  spec.containers?.forEach(mount);
  if (mounted && !present) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volumeName)];
}

function tokenVolume(name: string): V1Volume {
  return {
    name,
    projected: {
      defaultMode: readable,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
