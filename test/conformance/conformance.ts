// One behaviour of Kubernetes' conformance suite, stated as a test of ours under the name that it has there.

import { it } from 'vitest';
import { conformanceTests } from './catalogue.ts';
import { notOnAws } from './on-aws.ts';
import { onAws } from './open-api.ts';

const names = new Set(conformanceTests().map(({ name }) => name));

/** `timeout` in milliseconds, for what is much work on a busy machine. */
export function conformance(name: string, test: () => Promise<void>, timeout?: number): void {
  if (!names.has(name)) throw new Error(`no conformance test is called ${JSON.stringify(name)}`);
  const why = onAws ? notOnAws.get(name) : undefined;
  if (why !== undefined) it.skip(`${name}: ${why}`, test);
  else it(name, test, timeout);
}
