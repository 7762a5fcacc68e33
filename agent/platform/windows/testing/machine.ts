// A machine with Windows, played: what its programs answer, in the shapes that PowerShell 5.1 gives, and a Host Networking Service in memory.

import { readFileSync } from 'node:fs';
import type { RunResult } from '../../../../core/process/run.ts';
import type { RunProgram } from '../power-shell.ts';

type Thing = Record<string, unknown>;

export interface PlayedMachine {
  readonly run: RunProgram;
  /** The programs that were run, and what PowerShell was given. */
  readonly ran: { readonly program: string; readonly args: readonly string[]; readonly input?: unknown }[];
  readonly networks: Map<string, Thing>;
  readonly endpoints: Map<string, Thing>;
  readonly policyLists: Map<string, Thing>;
  /** Destination -> next hop. */
  readonly routes: Map<string, string>;
}

export function playMachine(): PlayedMachine {
  const [networks, endpoints, policyLists] = [0, 1, 2].map(() => new Map<string, Thing>());
  if (!networks || !endpoints || !policyLists) throw new Error('three were made');
  const routes = new Map<string, string>();
  const ran: PlayedMachine['ran'] = [];
  const kinds = new Map([
    ['networks', networks],
    ['endpoints', endpoints],
    ['policylists', policyLists],
  ]);
  let made = 0;

  const hnsCall = (method: string, path: string, body: string): object => {
    const [, kind = '', id, action] = path.split('/');
    const things = kinds.get(kind);
    if (!things) return { Success: false, Error: `The parameter is incorrect. (${path})` };
    if (method === 'GET') return { Success: true, Output: [...things.values()] };
    if (method === 'POST' && action === 'attach') {
      things.set(id ?? '', { ...things.get(id ?? ''), SharedContainers: ['host'] });
      return { Success: true };
    }
    if (method === 'POST') {
      made += 1;
      const thing: Thing = { ...JSON.parse(body), ID: `0000000${made}-AAAA-BBBB-CCCC-00000000000${made}` };
      things.set(String(thing['ID']), thing);
      return { Success: true, Output: thing };
    }
    if (!things.delete(id ?? '')) return { Success: false, Error: 'Element not found. ' };
    if (kind === 'networks')
      for (const [key, each] of endpoints) if (each['VirtualNetwork'] === id) endpoints.delete(key);
    return { Success: true };
  };

  // as: the scripts of this folder give it what they say.
  const answerOf = (script: string, input: ReturnType<typeof JSON.parse>): string => {
    if (script.includes('CurrentMajorVersionNumber'))
      return '{"productName":"Windows Server 2022 Datacenter","major":10,"minor":0,"build":"20348","revision":2340,"bootId":17,"machineGuid":"5e0c1f0e-6d5c-4a2b-9d55-3c8e0c0f7a11"}';
    if (script.includes('HNSCall')) {
      const calls: { method: string; path: string; body: string }[] = JSON.parse(readFileSync(input.file, 'utf8'));
      const answers = calls.map(({ method, path, body }) => JSON.stringify(hnsCall(method, path, body)));
      // A list of one comes out of a block as the one.
      return JSON.stringify(answers.length === 1 ? answers[0] : answers);
    }
    if (script.includes('New-NetRoute')) {
      for (const { range } of input.remove) routes.delete(range);
      for (const { range, via } of input.add) routes.set(range, via);
      return '{"interface":7}';
    }
    if (script.includes('Set-NetIPInterface')) return '{"done":true}';
    throw new Error(`nobody recorded what this gives: ${script}`);
  };

  const run: RunProgram = async (program, args): Promise<RunResult> => {
    if (program !== 'powershell.exe') {
      ran.push({ program, args });
      return { code: 0, stdout: '', stderr: '' };
    }
    const script = Buffer.from(args.at(-1) ?? '', 'base64').toString('utf16le');
    const input: unknown = JSON.parse(
      Buffer.from(/FromBase64String\('([^']*)'\)/.exec(script)?.[1] ?? '', 'base64').toString(),
    );
    ran.push({ program, args, input });
    return { code: 0, stdout: `${answerOf(script, input)}\r\n`, stderr: '' };
  };
  return { run, ran, networks, endpoints, policyLists, routes };
}
