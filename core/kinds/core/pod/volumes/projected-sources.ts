// Validation of projected volumes: one kind of source each, and no two files at one path.
// Fields whose path lacks an index, and which name another field than the one that is meant, are reported as Kubernetes reports them.

import type {
  V1ClusterTrustBundleProjection,
  V1PodCertificateProjection,
  V1ProjectedVolumeSource,
  V1ServiceAccountTokenProjection,
  V1VolumeProjection,
} from '../../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../../machinery/labels.ts';
import { localNonReservedPath } from '../file-path.ts';
import { validateDownward, validateItems, validateMode } from './volume-file.ts';

export function validateProjected(projected: V1ProjectedVolumeSource, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  const taken = new Set<string>();
  projected.sources?.forEach((source, index) => {
    const at = `${path}.sources[${index}]`;
    const kinds = Object.keys(source);
    if (kinds.length === 0) errors.push(required(at, 'must specify a projected volume source'));
    errors.push(...validateSource(source, at, path));
    for (const { file, named } of filesOf(source)) {
      if (taken.has(file)) errors.push(invalidValue(path, named, 'conflicting duplicate paths'));
      taken.add(file);
    }
    if (kinds.length > 1) errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'));
  });
  return errors;
}

function validateSource(source: V1VolumeProjection, at: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const kind of ['secret', 'configMap'] as const) {
    const projection = source[kind];
    if (!projection) continue;
    if (!projection.name) errors.push(required(`${at}.${kind}.name`));
    errors.push(...validateItems(projection.items, `${at}.${kind}.items`));
  }
  for (const item of source.downwardAPI?.items ?? []) errors.push(...validateDownward(item, `${at}.downwardAPI`));
  const { serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (serviceAccountToken) errors.push(...validateToken(serviceAccountToken, `${at}.serviceAccountToken`, path));
  if (clusterTrustBundle) errors.push(...validateTrustBundle(clusterTrustBundle, `${at}.clusterTrustBundle`));
  if (podCertificate) errors.push(...validateCertificate(podCertificate, `${at}.podCertificate`));
  return errors;
}

/** The files that a source names, and what an error about one shows. Every pod has such a volume, for its token. */
function filesOf(source: V1VolumeProjection): { file: string; named: string }[] {
  const { secret, configMap, downwardAPI, clusterTrustBundle, podCertificate } = source;
  const files: { file: string; named: string }[] = [];
  const add = (file: string | undefined, named = file) => {
    if (file) files.push({ file, named: named ?? '' });
  };
  if (secret?.items) for (const item of secret.items) add(item.path, secret.name);
  if (configMap?.items) for (const item of configMap.items) add(item.path, configMap.name);
  if (downwardAPI?.items) for (const item of downwardAPI.items) add(item.path);
  if (clusterTrustBundle) add(clusterTrustBundle.path);
  if (podCertificate) for (const field of certificatePaths) add(podCertificate[field]);
  return files;
}

function validateToken(token: V1ServiceAccountTokenProjection, at: string, path: string): FieldError[] {
  const { expirationSeconds: seconds, path: file } = token;
  const errors: FieldError[] = [];
  if (seconds !== undefined && seconds < 600)
    errors.push(invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds !== undefined && seconds > 2 ** 32)
    errors.push(
      invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'),
    );
  return [...errors, ...(file ? localNonReservedPath(file, `${path}.path`) : [required(`${path}.path`)])];
}

function validateTrustBundle(bundle: V1ClusterTrustBundleProjection, path: string): FieldError[] {
  const { name, signerName, labelSelector, path: file } = bundle;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined)
    errors.push(invalidValue(path, bundle, 'only one of name and signerName may be used'));
  else if (name !== undefined) {
    if (name === '') errors.push(required(`${path}.name`, 'must be a valid object name'));
    if (labelSelector)
      errors.push(
        invalidValue(`${path}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified'),
      );
  } else if (signerName !== undefined) {
    if (signerName === '') errors.push(required(`${path}.signerName`, 'must be a valid signer name'));
    errors.push(...validateLabelSelector(labelSelector, `${path}.labelSelector`));
  } else errors.push(required(path, 'either name or signerName must be specified'));
  return [...errors, ...(file ? localNonReservedPath(file, `${path}.path`) : [required(`${path}.path`)])];
}

const keyTypes = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];
const certificatePaths = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const;

/** KEP-4317. */
function validateCertificate(certificate: V1PodCertificateProjection, path: string): FieldError[] {
  const { signerName, keyType, maxExpirationSeconds: seconds } = certificate;
  const errors: FieldError[] = [];
  if (!signerName) errors.push(required(`${path}.signerName`));
  if (!keyTypes.includes(keyType)) errors.push(notSupported(`${path}.keyType`, keyType ?? '', keyTypes));
  if (seconds !== undefined && (seconds < 3600 || seconds > 91 * 86_400))
    errors.push(
      invalidValue(`${path}.maxExpirationSeconds`, seconds, `must be between 3600 and ${91 * 86_400}, inclusive`),
    );
  const files = certificatePaths.filter((field) => certificate[field]);
  if (files.length === 0)
    errors.push(required(path, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'));
  for (const field of files) errors.push(...localNonReservedPath(certificate[field] ?? '', `${path}.${field}`));
  return errors;
}
