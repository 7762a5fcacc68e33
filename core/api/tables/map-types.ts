// Structs and maps that server-side apply replaces whole (x-kubernetes-map-type: atomic). All others merge by key.

/** Models that are atomic wherever they stand. */
export const atomicModels: ReadonlySet<string> = new Set([
  'CoreV1EndpointPort',
  'DiscoveryV1EndpointPort',
  'RbacV1Subject',
  'V1ConfigMapKeySelector',
  'V1CrossVersionObjectReference',
  'V1EndpointAddress',
  'V1FileKeySelector',
  'V1LabelSelector',
  'V1LocalObjectReference',
  'V1MatchResources',
  'V1NamedRuleWithOperations',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectFieldSelector',
  'V1ObjectReference',
  'V1OwnerReference',
  'V1ParamKind',
  'V1ParamRef',
  'V1ResourceFieldSelector',
  'V1RoleRef',
  'V1ScopeSelector',
  'V1SecretKeySelector',
  'V1SecretReference',
  'V1TopologySelectorTerm',
  'V1TypedLocalObjectReference',
  'V1Variable',
]);

/** A struct of an atomic model that is merged at one field all the same. */
export const granularFields: ReadonlySet<string> = new Set(['V1PersistentVolumeSpec.claimRef']);

/** Maps that are atomic at one field. */
export const atomicMaps: ReadonlySet<string> = new Set([
  'V1PodSpec.nodeSelector',
  'V1ReplicationControllerSpec.selector',
  'V1Scheduling.nodeSelector',
  'V1ServiceSpec.selector',
]);
