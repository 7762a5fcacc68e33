// promtool of Debian's package prometheus, which reads metrics as Prometheus does, and knows its rules of names.

import { existsSync } from 'node:fs';
import { runTool } from './kubectl.ts';

const path = '/usr/bin/promtool';

/** Why promtool cannot be asked here; undefined when it can. test/tools/install-packages.ts installs it. */
export const withoutPromtool = existsSync(path) ? undefined : `there is no ${path}: install the package prometheus`;

/** What it complains of in a page of metrics, a line each. Throws where it cannot read the page. */
export async function promtool(page: string): Promise<string[]> {
  const { code, stdout, stderr } = await runTool(path, ['check', 'metrics'], page);
  // 3: it was read, and there are complaints.
  if (code !== 0 && code !== 3) throw new Error(`promtool cannot read this: ${stderr}\n${page}`);
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}
