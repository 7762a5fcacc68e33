// The Host Networking Service: Windows' own switch, through which the CNI plugin win-bridge attaches pods. It is asked by the one function of
// vmcompute.dll that takes a method, a path and a body, many in one PowerShell.
// Source: microsoft/hcsshim, internal/hns (HNSNetwork, HNSEndpoint, PolicyList), as kube-proxy's mode kernelspace uses it.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../../../core/machinery/json.ts';
import { field, many, type PowerShell, text } from './power-shell.ts';

export interface HnsCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/networks`, `/endpoints/ID`. */
  readonly path: string;
  readonly body?: object;
}

/** What each call gave, in their order; an error where it failed. Rejects where PowerShell cannot be run. */
export type Hns = (calls: readonly HnsCall[]) => Promise<(HnsAnswer | HnsError)[]>;

export interface HnsAnswer {
  readonly output: unknown;
}

export class HnsError extends Error {
  constructor(call: HnsCall, text: string) {
    super(`HNS ${call.method} ${call.path}: ${text}`);
    this.name = 'HnsError';
  }
}

/** The calls come in a file: a command line of Windows has its limit. */
const script = `Add-Type -Namespace Zeroplane -Name Hns -MemberDefinition @'
[DllImport("vmcompute.dll")]
public static extern void HNSCall(
  [MarshalAs(UnmanagedType.LPWStr)] string method, [MarshalAs(UnmanagedType.LPWStr)] string path,
  [MarshalAs(UnmanagedType.LPWStr)] string request, [MarshalAs(UnmanagedType.LPWStr)] out string response);
'@
$calls = Get-Content -LiteralPath $in.file -Raw -Encoding UTF8 | ConvertFrom-Json
@($calls | ForEach-Object {
  $response = ''
  [Zeroplane.Hns]::HNSCall($_.method, $_.path, $_.body, [ref]$response)
  $response
})`;

/** `directory`: for the calls, which are read there once. */
export function createHns(powerShell: PowerShell, directory: string): Hns {
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (calls: readonly HnsCall[]): Promise<(HnsAnswer | HnsError)[]> => {
    const file = path.join(directory, 'hns-calls.json');
    await mkdir(directory, { recursive: true });
    const written = calls.map(({ body, ...call }) => ({
      ...call,
      body: body === undefined ? '' : JSON.stringify(body),
    }));
    await writeFile(file, JSON.stringify(written));
    try {
      const answers = many(await powerShell(script, { file }));
      return calls.map((call, index) => answerOf(call, answers[index]));
    } finally {
      await rm(file, { force: true });
    }
  };
  return (calls) => {
    if (calls.length === 0) return Promise.resolve([]);
    // One after the other: they share the file, and HNS answers one at a time anyway.
    const asked = last.then(() => ask(calls));
    last = asked.catch(() => undefined);
    return asked;
  };
}

function answerOf(call: HnsCall, given: unknown): HnsAnswer | HnsError {
  if (typeof given !== 'string' || given === '') return new HnsError(call, 'it gave no answer');
  let answer: unknown;
  try {
    answer = parseJson(given);
  } catch {
    return new HnsError(call, 'it gave no JSON');
  }
  if (field(answer, 'Success') !== true) return new HnsError(call, text(answer, 'Error') || 'it failed');
  return { output: field(answer, 'Output') };
}

/** The output of calls that must all succeed. Rejects with the first HnsError. */
export async function all(hns: Hns, calls: readonly HnsCall[]): Promise<unknown[]> {
  const answers = await hns(calls);
  return answers.map((answer) => {
    if (answer instanceof HnsError) throw answer;
    return answer.output;
  });
}
