// What went through the interfaces of a process' network, as the kernel counts it. Source: proc_pid_net(5), dev.

import { readFileSync } from 'node:fs';

export interface InterfaceUse {
  readonly name: string;
  readonly received: Direction;
  readonly transmitted: Direction;
}

interface Direction {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** cAdvisor leaves these out: what goes through them is counted elsewhere. */
const leftOut = ['lo', 'veth', 'docker', 'nerdctl'];

/** Of the network that process `pid` is in. Empty: there is no such process any more. */
export function networkUse(pid: number | 'self'): InterfaceUse[] {
  try {
    return parseNetDev(readFileSync(`/proc/${pid}/net/dev`, 'utf8'));
  } catch {
    return [];
  }
}

export function parseNetDev(text: string): InterfaceUse[] {
  return text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    const [name, rest] = [line.slice(0, colon).trim(), line.slice(colon + 1)];
    if (colon < 0 || name === '' || leftOut.some((prefix) => name.startsWith(prefix))) return [];
    const counts = rest.trim().split(/\s+/).map(Number);
    const direction = (from: number): Direction => ({
      bytes: counts[from] ?? 0,
      packets: counts[from + 1] ?? 0,
      errors: counts[from + 2] ?? 0,
      dropped: counts[from + 3] ?? 0,
    });
    return [{ name, received: direction(0), transmitted: direction(8) }];
  });
}
