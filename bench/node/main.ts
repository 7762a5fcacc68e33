// What a node costs, and how fast it is: `npm run bench -- node [pods | services | overlay]`, all of it without a word. Each row says its goal.

import { CommandLineError } from '../../core/process/command-line.ts';
import { run as overlay } from '../overlay/main.ts';
import { podRows } from './pods.ts';
import type { Row } from './row.ts';
import { serviceRows } from './services.ts';

const parts: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  pods: podRows,
  services: serviceRows,
  overlay: overlayRows,
};

export async function run(args: readonly string[]): Promise<unknown> {
  const unknown = args.find((each) => !Object.hasOwn(parts, each));
  if (unknown !== undefined)
    throw new CommandLineError(`"${unknown}" is none of the parts ${Object.keys(parts).join(', ')}`);
  const rows: Row[] = [];
  for (const [name, part] of Object.entries(parts))
    if (args.length === 0 || args.includes(name)) rows.push(...(await part()));
  console.table(rows);
  return rows;
}

/** Pod to pod through the tunnel that the agent makes, beside the link below it in the same run. */
async function overlayRows(): Promise<Row[]> {
  const [link, tunnel] = await overlay();
  if (!link || !tunnel) throw new Error('both paths are measured');
  return [
    { what: `${link.path}, one TCP connection`, figure: link['Gbit/s'], unit: 'Gbit/s', goal: '' },
    { what: `${tunnel.path}, one TCP connection`, figure: tunnel['Gbit/s'], unit: 'Gbit/s', goal: '' },
    {
      what: `${tunnel.path}, added to a round trip, p50`,
      figure: tunnel['round trip p50, µs'] - link['round trip p50, µs'],
      unit: 'µs',
      goal: '',
    },
  ];
}
