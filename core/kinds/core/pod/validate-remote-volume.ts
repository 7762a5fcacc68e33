// Validation of volumes that lie elsewhere, in a pod or as a PersistentVolume: what the driver of each cannot do without.

import type { V1PersistentVolumeSpec, V1Volume } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required, tooLong } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';

type Remote = Partial<V1Volume> & Partial<V1PersistentVolumeSpec>;

/** `name` is the volume's. Fields that it says nothing about are of no remote volume. */
export function validateRemoteVolume(
  volume: V1Volume | V1PersistentVolumeSpec,
  name: string,
  path: string,
): FieldError[] {
  // as: both have these sources, which differ in how they name Secrets.
  const source = volume as Remote;
  const errors: FieldError[] = [];
  for (const kind in volume) {
    const fields = demanded.get(kind);
    if (!fields) continue;
    // as: a source of the table is an object by the schema.
    const given = source[kind as keyof Remote] as Readonly<Record<string, unknown>> | undefined;
    if (!given) continue;
    for (const field of fields) if (isEmpty(getOwn(given, field))) errors.push(required(`${path}.${kind}.${field}`));
  }
  const { nfs, csi, iscsi, fc, flexVolume, flocker, storageos } = source;
  if (nfs && !nfs.path?.startsWith('/'))
    errors.push(invalidValue(`${path}.nfs.path`, nfs.path ?? '', 'must be an absolute path'));
  if (csi) errors.push(...validateDriverName(csi.driver, `${path}.csi.driver`));
  if (iscsi) errors.push(...validateIscsi(iscsi, name, path));
  if (fc) errors.push(...validateFibreChannel(fc, `${path}.fc`));
  if (flexVolume) errors.push(...validateOptions(flexVolume.options ?? {}, `${path}.flexVolume.options`));
  if (flocker) errors.push(...validateFlocker(flocker, `${path}.flocker`));
  if (storageos)
    for (const field of ['volumeName', 'volumeNamespace'] as const) {
      const value = storageos[field];
      if (value)
        for (const message of dns1123Label(value))
          errors.push(invalidValue(`${path}.storageos.${field}`, value, message));
    }
  for (const kind of ['gcePersistentDisk', 'awsElasticBlockStore'] as const) {
    const partition = source[kind]?.partition ?? 0;
    const shown = kind === 'gcePersistentDisk' ? 'persistentDisk' : kind;
    if (partition < 0 || partition > 255)
      errors.push(invalidValue(`${path}.${shown}.partition`, partition, 'must be between 0 and 255, inclusive'));
  }
  return errors;
}

const demanded: ReadonlyMap<string, readonly string[]> = new Map([
  ['awsElasticBlockStore', ['volumeID']],
  ['azureDisk', ['diskName', 'diskURI']],
  ['azureFile', ['secretName', 'shareName']],
  ['cephfs', ['monitors']],
  ['cinder', ['volumeID']],
  ['flexVolume', ['driver']],
  ['gcePersistentDisk', ['pdName']],
  ['glusterfs', ['endpoints', 'path']],
  ['iscsi', ['targetPortal', 'iqn']],
  ['nfs', ['server', 'path']],
  ['photonPersistentDisk', ['pdID']],
  ['portworxVolume', ['volumeID']],
  ['quobyte', ['registry', 'volume']],
  ['rbd', ['monitors', 'image']],
  ['scaleIO', ['gateway', 'system', 'volumeName']],
  ['storageos', ['volumeName']],
  ['vsphereVolume', ['volumePath']],
]);

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function validateDriverName(driver: string | undefined, path: string): FieldError[] {
  if (!driver) return [required(path)];
  const errors = dns1123Subdomain(driver.toLowerCase()).map((message) => invalidValue(path, driver, message));
  return Buffer.byteLength(driver) > 63 ? [tooLong(path, 63), ...errors] : errors;
}

const iqn = /^iqn\.\d{4}-\d{2}\.([a-z0-9]+)(\.[a-z0-9-]+)*(:[^,;*&$|\s]+)$/;
const eui = /^eui\.[a-fA-F0-9]{16}$/;
const naa = /^naa\.[a-fA-F0-9]{16,32}$/;

function validateIscsi(iscsi: NonNullable<Remote['iscsi']>, name: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { initiatorName, lun, targetPortal = '' } = iscsi;
  const initiator = (value: string, field: string) => {
    const known = [iqn, eui, naa].some((format) => format.test(value));
    const prefixed = /^(?:iqn|eui|naa)/.test(value);
    if (!known)
      errors.push(
        invalidValue(
          `${path}.iscsi.${field}`,
          value,
          prefixed ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa',
        ),
      );
  };
  if (iscsi.iqn) initiator(iscsi.iqn, 'iqn');
  if (initiatorName !== undefined) {
    initiator(initiatorName, 'initiatorname');
    if (Buffer.byteLength(`${name}:${targetPortal}`) > 64)
      errors.push(
        invalidValue(
          `${path}.name`,
          name,
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
        ),
      );
  }
  if (lun < 0 || lun > 255) errors.push(invalidValue(`${path}.iscsi.lun`, lun, 'must be between 0 and 255, inclusive'));
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef)
    errors.push(required(`${path}.iscsi.secretRef`));
  return errors;
}

function validateFibreChannel(fc: NonNullable<Remote['fc']>, path: string): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = fc;
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0)
    errors.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (targetWWNs.length > 0 && wwids.length > 0)
    errors.push(
      invalidValue(`${path}.targetWWNs`, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'),
    );
  if (targetWWNs.length > 0 && lun === undefined)
    errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else if (targetWWNs.length > 0 && lun !== undefined && (lun < 0 || lun > 255))
    errors.push(invalidValue(`${path}.lun`, lun, 'must be between 0 and 255, inclusive'));
  return errors;
}

function validateOptions(options: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.keys(options).flatMap((key) => {
    const namespace = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
    return namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io')
      ? [invalidValue(`${path}[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')]
      : [];
  });
}

function validateFlocker(flocker: NonNullable<Remote['flocker']>, path: string): FieldError[] {
  const { datasetName = '', datasetUUID = '' } = flocker;
  const errors: FieldError[] = [];
  if (!datasetName && !datasetUUID) errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID)
    errors.push(invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (datasetName.includes('/')) errors.push(invalidValue(`${path}.datasetName`, datasetName, "must not contain '/'"));
  return errors;
}
