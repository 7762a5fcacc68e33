// A JSON file that is replaced whole: a crash leaves the old one or the new one. Only root may read it; it holds Secrets, since pods
// must be kept running by an agent that starts while the API is away.

import fs from 'node:fs/promises';
import { parseJson } from '../../core/machinery/json.ts';

export async function readStateFile<T>(file: string): Promise<T | undefined> {
  const text = await fs.readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    // Written by this agent, or an earlier version of it.
    return parseJson(text) as T;
  } catch {
    return undefined;
  }
}

export async function writeStateFile(file: string, value: unknown): Promise<void> {
  await fs.writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  await fs.rename(`${file}.new`, file);
}
