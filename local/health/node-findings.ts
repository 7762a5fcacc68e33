// How a node is, by its own conditions and by when it was last heard of.

import { humanDuration } from '../../core/machinery/time.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** What kubelet's conditions of pressure mean for who must mend it. */
const pressures: Readonly<Record<string, string>> = {
  MemoryPressure: 'memory runs out: pods are evicted. Give pods memory limits, or the node more memory',
  DiskPressure: 'its disk runs full: images are deleted and pods evicted. Make room below its data directory',
  PIDPressure: 'it has nearly no process ids left: some pod starts processes without end',
};

export function nodeFindings({ metadata, spec, status }: V1Node, now: Date): Finding[] {
  const name = metadata?.name ?? '';
  const part = `node ${name}`;
  const conditionOf = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted);
  const found: Finding[] = [];
  const ready = conditionOf('Ready');
  const doctor = `zeroplane doctor node ${name}`;
  if (ready === undefined) {
    found.push(fault(part, 'its agent has not reported yet', `${doctor}, and \`zeroplane logs agent\` on it`));
  } else if (ready.status !== 'True') {
    // Only a node itself says why it is not ready; that it says nothing, the control plane has seen.
    const silent = ready.status === 'Unknown';
    const since = ready.lastTransitionTime ? now.getTime() - Date.parse(ready.lastTransitionTime) : undefined;
    const when = since === undefined ? '' : ` for ${humanDuration(since)}`;
    found.push(
      silent
        ? fault(
            part,
            `nothing was heard of it${when}`,
            'look whether it is up and reaches the API: `zeroplane agent` runs there',
          )
        : fault(part, `is not ready${when}: ${ready.message ?? ready.reason}`, doctor),
    );
  }
  for (const { type, status: is, message } of status?.conditions ?? []) {
    if (is !== 'True') continue;
    const pressure = new Map(Object.entries(pressures)).get(type);
    if (pressure !== undefined) found.push(warning(part, `${type}: ${message ?? pressure}`, pressure));
    if (type === 'NetworkUnavailable')
      found.push(fault(part, `its pods do not reach others: ${message}`, `kubectl describe node ${name}`));
  }
  if (spec?.unschedulable)
    found.push(warning(part, 'takes no new pods (cordoned)', `kubectl uncordon ${name}, when it may again`));
  return found.length > 0 ? found : [ok(part, `Ready, ${status?.nodeInfo?.kubeletVersion ?? 'of unknown version'}`)];
}
