// sig-storage: what a container finds in the volumes that its pod names.

import { expect } from 'vitest';
import { conformance } from '../../conformance/conformance.ts';
import type { ContainerCase, PackedPods } from './packed-pods.ts';
import {
  amount,
  configMap,
  type DownwardItem,
  downward,
  podName,
  projectedConfigMap,
  projectedDownward,
  projectedSecret,
  type Source,
  type SourceOptions,
  secret,
} from './volume-sources.ts';

const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
const nonRoot = { securityContext: { runAsUser: 1000 } };
const memoryBytes = "echo $(( $(sed -n 's/MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo) * 1024 ))";
const modeOf = (file: string) => `stat -L -c %a ${file}`;

/** A key at its own name, and one that is mapped to another path. */
const read = (volume: Source, container = {}) => ({
  script: `cat $DIR/v/data-1; ${modeOf('$DIR/v/data-1')}`,
  container,
  volumes: { v: volume },
});
const mapped = (mode?: number): SourceOptions => ({
  items: [{ key: 'data-2', path: 'path/to/data-2', ...(mode !== undefined && { mode }) }],
});
const readMapped = (volume: Source, container = {}) => ({
  script: `cat $DIR/v/path/to/data-2; ${modeOf('$DIR/v/path/to/data-2')}; ls $DIR/v`,
  container,
  volumes: { v: volume },
});
const twice = (volume: Source) => ({
  script: 'cat $DIR/one/data-1 $DIR/two/data-1',
  volumes: { one: volume, two: volume },
});

export function configurationVolumes({ says, container }: PackedPods): void {
  conformance(
    'ConfigMap should be consumable from pods in volume [NodeConformance]',
    says(read(configMap()), 'value-1', '644'),
  );
  conformance(
    'ConfigMap should be consumable from pods in volume as non-root [NodeConformance]',
    says(read(configMap(), nonRoot), 'value-1', '644'),
  );
  conformance(
    'ConfigMap should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance]',
    says(read(configMap({ defaultMode: 0o400 })), 'value-1', '400'),
  );
  conformance(
    'ConfigMap should be consumable from pods in volume with mappings [NodeConformance]',
    says(readMapped(configMap(mapped())), 'value-2', '644', 'path'),
  );
  conformance(
    'ConfigMap should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance]',
    says(readMapped(configMap(mapped(0o400))), 'value-2', '400', 'path'),
  );
  conformance(
    'ConfigMap should be consumable from pods in volume with mappings as non-root [NodeConformance]',
    says(readMapped(configMap(mapped()), nonRoot), 'value-2', '644', 'path'),
  );
  conformance(
    'ConfigMap should be consumable in multiple volumes in the same pod [NodeConformance]',
    says(twice(configMap()), 'value-1', 'value-1'),
  );
  conformance(
    'ConfigMap binary data should be reflected in volume [NodeConformance]',
    says(
      { script: 'cat $DIR/v/data-1; od -A n -t x1 $DIR/v/dump.bin', volumes: { v: configMap() } },
      'value-1',
      ' de ca fe ba d0 fe ff',
    ),
  );

  conformance(
    'Projected configMap should be consumable from pods in volume [NodeConformance]',
    says(read(projectedConfigMap()), 'value-1', '644'),
  );
  conformance(
    'Projected configMap should be consumable from pods in volume as non-root [NodeConformance]',
    says(read(projectedConfigMap(), nonRoot), 'value-1', '644'),
  );
  conformance(
    'Projected configMap should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance]',
    says(read(projectedConfigMap({ defaultMode: 0o400 })), 'value-1', '400'),
  );
  conformance(
    'Projected configMap should be consumable from pods in volume with mappings [NodeConformance]',
    says(readMapped(projectedConfigMap(mapped())), 'value-2', '644', 'path'),
  );
  conformance(
    'Projected configMap should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance]',
    says(readMapped(projectedConfigMap(mapped(0o400))), 'value-2', '400', 'path'),
  );
  conformance(
    'Projected configMap should be consumable from pods in volume with mappings as non-root [NodeConformance]',
    says(readMapped(projectedConfigMap(mapped()), nonRoot), 'value-2', '644', 'path'),
  );
  conformance(
    'Projected configMap should be consumable in multiple volumes in the same pod [NodeConformance]',
    says(twice(projectedConfigMap()), 'value-1', 'value-1'),
  );

  const owned = { securityContext: { runAsUser: 1000, fsGroup: 1001 } };
  const asGroup = (volume: Source): Omit<ContainerCase, 'check'> => ({
    script: 'cat $DIR/v/data-1; stat -L -c "%a %g" $DIR/v/data-1',
    pod: owned,
    volumes: { v: volume },
  });
  conformance(
    'Secrets should be consumable from pods in volume [NodeConformance]',
    says(read(secret()), 'value-1', '644'),
  );
  conformance(
    'Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance]',
    says(asGroup(secret({ defaultMode: 0o440 })), 'value-1', '440 1001'),
  );
  conformance(
    'Secrets should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance]',
    says(read(secret({ defaultMode: 0o400 })), 'value-1', '400'),
  );
  conformance(
    'Secrets should be consumable from pods in volume with mappings [NodeConformance]',
    says(readMapped(secret(mapped())), 'value-2', '644', 'path'),
  );
  conformance(
    'Secrets should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance]',
    says(readMapped(secret(mapped(0o400))), 'value-2', '400', 'path'),
  );
  conformance(
    'Secrets should be consumable in multiple volumes in a pod [NodeConformance]',
    says(twice(secret()), 'value-1', 'value-1'),
  );
  // The namespace `elsewhere` has one of the same name.
  conformance(
    'Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance]',
    says(read(secret()), 'value-1', '644'),
  );
  conformance(
    'Projected secret should be consumable from pods in volume [NodeConformance]',
    says(read(projectedSecret()), 'value-1', '644'),
  );
  conformance(
    'Projected secret should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance]',
    says(asGroup(projectedSecret({ defaultMode: 0o440 })), 'value-1', '440 1001'),
  );
  conformance(
    'Projected secret should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance]',
    says(read(projectedSecret({ defaultMode: 0o400 })), 'value-1', '400'),
  );
  conformance(
    'Projected secret should be consumable from pods in volume with mappings [NodeConformance]',
    says(readMapped(projectedSecret(mapped())), 'value-2', '644', 'path'),
  );
  conformance(
    'Projected secret should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance]',
    says(readMapped(projectedSecret(mapped(0o400))), 'value-2', '400', 'path'),
  );
  conformance(
    'Projected secret should be consumable in multiple volumes in a pod [NodeConformance]',
    says(twice(projectedSecret()), 'value-1', 'value-1'),
  );

  const all: Source = {
    projected: {
      sources: [
        { downwardAPI: { items: [{ path: 'podname', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { secret: { name: 'volume-secret', items: [{ key: 'data-1', path: 'secret' }] } },
        { configMap: { name: 'volume-map', items: [{ key: 'data-2', path: 'map' }] } },
      ],
    },
  };
  conformance(
    'Projected combined should project all components that make up the projection API [Projection] [NodeConformance]',
    container({
      script: 'cat $DIR/all/podname; echo; cat $DIR/all/secret $DIR/all/map',
      volumes: { all },
      check: (lines, { metadata }) => expect(lines).toEqual([metadata?.name, 'value-1', 'value-2']),
    }),
  );
}

export function downwardVolumes({ says, container }: PackedPods): void {
  const name = (volume: Source, wanted: string[]): ContainerCase => ({
    script: `cat $DIR/v/podname; echo; ${modeOf('$DIR/v/podname')}`,
    volumes: { v: volume },
    check: (lines, { metadata }) => expect(lines).toEqual([metadata?.name, ...wanted]),
  });
  const its = (of: (items: readonly DownwardItem[]) => Source, resource: string) => ({
    script: 'cat $DIR/v/amount; echo',
    container: { resources },
    volumes: { v: of([amount(resource)]) },
  });
  /** Without limits of its own: what the node can give. */
  const free = (of: (items: readonly DownwardItem[]) => Source, resource: string) => ({
    script: `cat $DIR/v/amount; echo; ${resource === 'limits.cpu' ? 'nproc' : memoryBytes}`,
    volumes: { v: of([amount(resource)]) },
    check: ([given = '', own]: string[]) => {
      expect(given).not.toBe('');
      expect(given).toBe(own);
    },
  });
  conformance(
    'Downward API volume should provide podname only [NodeConformance]',
    container(name(downward([podName()]), ['644'])),
  );
  conformance(
    'Downward API volume should set DefaultMode on files [LinuxOnly] [NodeConformance]',
    container(name(downward([podName()], 0o400), ['400'])),
  );
  conformance(
    'Downward API volume should set mode on item file [LinuxOnly] [NodeConformance]',
    container(name(downward([podName(0o400)]), ['400'])),
  );
  conformance(
    "Downward API volume should provide container's cpu limit [NodeConformance]",
    says(its(downward, 'limits.cpu'), '2'),
  );
  conformance(
    "Downward API volume should provide container's cpu request [NodeConformance]",
    says(its(downward, 'requests.cpu'), '1'),
  );
  conformance(
    "Downward API volume should provide container's memory limit [NodeConformance]",
    says(its(downward, 'limits.memory'), '67108864'),
  );
  conformance(
    "Downward API volume should provide container's memory request [NodeConformance]",
    says(its(downward, 'requests.memory'), '33554432'),
  );
  conformance(
    'Downward API volume should provide node allocatable (cpu) as default cpu limit if the limit is not set [NodeConformance]',
    container(free(downward, 'limits.cpu')),
  );
  conformance(
    'Downward API volume should provide node allocatable (memory) as default memory limit if the limit is not set [NodeConformance]',
    container(free(downward, 'limits.memory')),
  );
  conformance(
    'Projected downwardAPI should provide podname only [NodeConformance]',
    container(name(projectedDownward([podName()]), ['644'])),
  );
  conformance(
    'Projected downwardAPI should set DefaultMode on files [LinuxOnly] [NodeConformance]',
    container(name(projectedDownward([podName()], 0o400), ['400'])),
  );
  conformance(
    'Projected downwardAPI should set mode on item file [LinuxOnly] [NodeConformance]',
    container(name(projectedDownward([podName(0o400)]), ['400'])),
  );
  conformance(
    "Projected downwardAPI should provide container's cpu limit [NodeConformance]",
    says(its(projectedDownward, 'limits.cpu'), '2'),
  );
  conformance(
    "Projected downwardAPI should provide container's cpu request [NodeConformance]",
    says(its(projectedDownward, 'requests.cpu'), '1'),
  );
  conformance(
    "Projected downwardAPI should provide container's memory limit [NodeConformance]",
    says(its(projectedDownward, 'limits.memory'), '67108864'),
  );
  conformance(
    "Projected downwardAPI should provide container's memory request [NodeConformance]",
    says(its(projectedDownward, 'requests.memory'), '33554432'),
  );
  conformance(
    'Projected downwardAPI should provide node allocatable (cpu) as default cpu limit if the limit is not set [NodeConformance]',
    container(free(projectedDownward, 'limits.cpu')),
  );
  conformance(
    'Projected downwardAPI should provide node allocatable (memory) as default memory limit if the limit is not set [NodeConformance]',
    container(free(projectedDownward, 'limits.memory')),
  );
}

export function scratchVolumes({ says, container }: PackedPods): void {
  const memory: Source = { emptyDir: { medium: 'Memory' } };
  const disk: Source = { emptyDir: {} };
  const written = (mode: string, volume: Source, user: number) => ({
    script: [
      'set -e; echo new file > $DIR/v/f',
      `chmod ${mode} $DIR/v/f`,
      'stat -c "%a %u" $DIR/v/f; cat $DIR/v/f',
      'grep -q " $DIR/v tmpfs " /proc/mounts && echo in memory || echo on disk',
    ].join('; '),
    container: { securityContext: { runAsUser: user } },
    volumes: { v: volume },
  });
  const modes = (volume: Source) => ({
    script: 'stat -c %a $DIR/v; grep -q " $DIR/v tmpfs " /proc/mounts && echo in memory || echo on disk',
    volumes: { v: volume },
  });
  conformance(
    'EmptyDir volumes should support (root,0644,default) [LinuxOnly] [NodeConformance]',
    says(written('0644', disk, 0), '644 0', 'new file', 'on disk'),
  );
  conformance(
    'EmptyDir volumes should support (root,0666,default) [LinuxOnly] [NodeConformance]',
    says(written('0666', disk, 0), '666 0', 'new file', 'on disk'),
  );
  conformance(
    'EmptyDir volumes should support (root,0777,default) [LinuxOnly] [NodeConformance]',
    says(written('0777', disk, 0), '777 0', 'new file', 'on disk'),
  );
  conformance(
    'EmptyDir volumes should support (root,0644,tmpfs) [LinuxOnly] [NodeConformance]',
    says(written('0644', memory, 0), '644 0', 'new file', 'in memory'),
  );
  conformance(
    'EmptyDir volumes should support (root,0666,tmpfs) [LinuxOnly] [NodeConformance]',
    says(written('0666', memory, 0), '666 0', 'new file', 'in memory'),
  );
  conformance(
    'EmptyDir volumes should support (root,0777,tmpfs) [LinuxOnly] [NodeConformance]',
    says(written('0777', memory, 0), '777 0', 'new file', 'in memory'),
  );
  conformance(
    'EmptyDir volumes should support (non-root,0644,default) [LinuxOnly] [NodeConformance]',
    says(written('0644', disk, 1001), '644 1001', 'new file', 'on disk'),
  );
  conformance(
    'EmptyDir volumes should support (non-root,0666,default) [LinuxOnly] [NodeConformance]',
    says(written('0666', disk, 1001), '666 1001', 'new file', 'on disk'),
  );
  conformance(
    'EmptyDir volumes should support (non-root,0777,default) [LinuxOnly] [NodeConformance]',
    says(written('0777', disk, 1001), '777 1001', 'new file', 'on disk'),
  );
  conformance(
    'EmptyDir volumes should support (non-root,0644,tmpfs) [LinuxOnly] [NodeConformance]',
    says(written('0644', memory, 1001), '644 1001', 'new file', 'in memory'),
  );
  conformance(
    'EmptyDir volumes should support (non-root,0666,tmpfs) [LinuxOnly] [NodeConformance]',
    says(written('0666', memory, 1001), '666 1001', 'new file', 'in memory'),
  );
  conformance(
    'EmptyDir volumes should support (non-root,0777,tmpfs) [LinuxOnly] [NodeConformance]',
    says(written('0777', memory, 1001), '777 1001', 'new file', 'in memory'),
  );
  conformance(
    'EmptyDir volumes volume on default medium should have the correct mode [LinuxOnly] [NodeConformance]',
    says(modes(disk), '777', 'on disk'),
  );
  conformance(
    'EmptyDir volumes volume on tmpfs should have the correct mode [LinuxOnly] [NodeConformance]',
    says(modes(memory), '777', 'in memory'),
  );
  conformance(
    'EmptyDir wrapper volumes should not conflict',
    says(
      {
        script: 'cat $DIR/secret/data-1 $DIR/map/data-2; touch $DIR/scratch/f && echo written',
        volumes: { secret: secret(), map: configMap(), scratch: disk },
      },
      'value-1',
      'value-2',
      'written',
    ),
  );

  const below = (volume: Source, subPath: string, mountPath = 'there') => ({
    script: `cd $DIR; cat ${mountPath}; echo; touch ${mountPath} 2>/dev/null || echo read-only`,
    volumes: { v: volume },
    mounts: [{ name: 'v', mountPath, subPath }],
  });
  const podNameBelow = (volume: Source): ContainerCase => ({
    ...below(volume, 'podname'),
    check: (lines, { metadata }) => expect(lines).toEqual([metadata?.name, 'read-only']),
  });
  conformance(
    'Subpath Atomic writer volumes should support subpaths with configmap pod',
    says(below(configMap(), 'data-1'), 'value-1', '', 'read-only'),
  );
  conformance(
    'Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file',
    says(below(configMap(), 'data-1', '/etc/passwd'), 'value-1', '', 'read-only'),
  );
  conformance(
    'Subpath Atomic writer volumes should support subpaths with secret pod',
    says(below(secret(), 'data-1'), 'value-1', '', 'read-only'),
  );
  conformance(
    'Subpath Atomic writer volumes should support subpaths with projected pod',
    says(below(projectedConfigMap(), 'data-1'), 'value-1', '', 'read-only'),
  );
  conformance(
    'Subpath Atomic writer volumes should support subpaths with downward pod',
    container(podNameBelow(downward([podName()]))),
  );
}
