// Names that are taken and make bad names of pods: those become hostnames, of which a dot is no part.

import { dns1123Label } from '../../machinery/names.ts';

export function warnOfPodNames(name: string | undefined): string[] {
  return labelRecommended(name, 'this is used in Pod names and hostnames');
}

export function warnOfHostname(name: string | undefined): string[] {
  return labelRecommended(name, "this is used in the Pod's hostname");
}

function labelRecommended(name: string | undefined, use: string): string[] {
  const messages = dns1123Label(name);
  return messages.length === 0
    ? []
    : [
        `metadata.name: ${use}, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`,
      ];
}
