// What brings files into a run's pod and back, whatever image the run has: containers with sh, tar, base64 and sha256sum beside it.
// Both ways go through what every cluster and every role that runs jobs has: Secrets in, the log back. Nothing needs exec, which API
// Gateway does not carry, and which is more than a pipeline should have.

import type { V1Container } from '../../generated/kubernetes.ts';

interface Helper {
  readonly image: string;
  readonly workspace: string;
  readonly workVolume: string;
  /** Whose user and rights it has: what it writes, that one may read. */
  readonly like: V1Container;
}

/** Names that no container of the user's may have. */
export const helperNames = { upload: 'zeroplane-upload', bring: 'zeroplane-bring' } as const;

/** Marks of the archive in the log. */
export const marks = {
  missing: 'zeroplane-missing',
  nothing: 'zeroplane-nothing',
  refused: 'zeroplane-refused',
  begin: 'zeroplane-begin',
  end: 'zeroplane-end',
} as const;

/** Of the packed archive. */
export const maxBroughtBytes = 64 * 1024 * 1024;

const partsPath = '/zeroplane/files';

const uploadScript = `set -e
cat ${partsPath}/part-* > "$1/.zeroplane-files"
echo "$2  $1/.zeroplane-files" | sha256sum -c - >/dev/null || { echo 'the uploaded files are not whole'; exit 1; }
umask 0
tar -xzo -f "$1/.zeroplane-files" -C "$1"
rm "$1/.zeroplane-files"`;

/** Unpacks the parts before anything else runs. */
export function uploadContainer(helper: Helper & { partsVolume: string; digest: string }): V1Container {
  return container(helper, {
    name: helperNames.upload,
    command: ['/bin/sh', '-c', uploadScript, 'upload', helper.workspace, helper.digest],
    volumeMounts: [
      { name: helper.workVolume, mountPath: helper.workspace },
      { name: helper.partsVolume, mountPath: partsPath, readOnly: true },
    ],
  });
}

/**
 * A sidecar: it is told to end once the command has ended, and then writes the archive. Paths may be patterns of the shell; no word of them
 * is split, or run.
 */
const bringScript = `cd "$1" && shift
give() {
  trap '' TERM
  IFS=
  out=/tmp/files.tgz
  left=$#
  while [ $left -gt 0 ]; do
    pattern=$1 found=
    shift
    left=$((left - 1))
    for each in $pattern; do
      [ -e "$each" ] || [ -L "$each" ] || continue
      found=1
      set -- "$@" "$each"
    done
    [ "$found" ] || echo "${marks.missing} $pattern"
  done
  if [ $# = 0 ]; then echo '${marks.nothing}'; exit 0; fi
  tar -czf "$out" -- "$@" || exit 1
  size=$(wc -c < "$out")
  if [ "$size" -gt ${maxBroughtBytes} ]; then echo "${marks.refused} $size"; exit 0; fi
  echo '${marks.begin}'
  base64 "$out"
  sum=$(sha256sum < "$out")
  echo "${marks.end} \${sum%% *}"
  exit 0
}
trap 'give "$@"' TERM
while :; do sleep 3600 & wait $!; done`;

export function bringContainer(helper: Helper & { tmpVolume: string; paths: readonly string[] }): V1Container {
  return container(helper, {
    name: helperNames.bring,
    restartPolicy: 'Always',
    command: ['/bin/sh', '-c', bringScript, 'bring', helper.workspace, ...helper.paths],
    volumeMounts: [
      { name: helper.workVolume, mountPath: helper.workspace },
      { name: helper.tmpVolume, mountPath: '/tmp' },
    ],
  });
}

function container({ image, like }: Helper, more: V1Container): V1Container {
  return {
    image,
    imagePullPolicy: 'IfNotPresent',
    ...(like.securityContext && { securityContext: like.securityContext }),
    ...more,
  };
}
