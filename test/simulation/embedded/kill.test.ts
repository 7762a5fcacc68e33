import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedStore } from '../../../core/store/embedded/embedded-store.ts';
import { runSeed } from '../../tools/seed.ts';
import { Random } from '../random.ts';
import type { Begun } from '../validation/checker.ts';
import { Checker, idOf, textOf } from '../validation/checker.ts';
import { type Line, writesOf } from './lines.ts';

const child = join(import.meta.dirname, 'testdata', 'process.ts');
const leastRounds = 6;
/** On a busy machine a round may end before it has done much. */
const mostRounds = 60;

it('the embedded engine keeps every promise when its process is killed at any moment', {
  timeout: 300_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-kill-'));
  const path = join(folder, 'store.db');
  const random = new Random(runSeed());
  let step = 0;
  const checker = new Checker(() => step);
  let line = 0;
  let read = 0;
  try {
    const enough = () => checker.checks.commits > 100 && checker.checks.watchEvents > 100;
    for (let round = 0; round < leastRounds || (round < mostRounds && !enough()); round++) {
      const lines = await runUntilKilled(path, round, random.between(5, 250));
      const store = openEmbeddedStore(path, { tickMs: 0 });
      read = await feed(store, checker, read, lines, line, (at) => {
        step = Math.max(step, at);
      });
      const begun = new Map<string, { begun: Begun; writes: ReturnType<typeof writesOf> }>();
      for (const each of lines) {
        step = Math.max(step, ++line);
        replay(checker, begun, each, line);
      }
      const { items, revision, more } = await store.list('pods');
      const seen = items.map((item) => ({ ...item, text: textOf(item.value) }));
      checker.listed(checker.begin(), 'pods', {}, { items: seen, revision, more });
      await store.close();
    }
    checker.finish();
    expect(checker.violations).toEqual([]);
    expect(checker.checks.commits).toBeGreaterThan(100);
    expect(checker.checks.watchEvents).toBeGreaterThan(100);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the log says happened since, each at the first moment at which it can have: when it was sent, after what came before. */
async function feed(
  store: ReturnType<typeof openEmbeddedStore>,
  checker: Checker,
  after: number,
  lines: readonly Line[],
  firstLine: number,
  at: (step: number) => void,
): Promise<number> {
  const sentAt = new Map<string, number>();
  for (const [i, each] of lines.entries())
    if (each.kind === 'sent') for (const { name } of each.writes) sentAt.set(`${each.id}-${name}`, firstLine + i + 1);
  let through = after;
  for (const head = await store.head('pods'); through < head; ) {
    const page = await store.log('pods', through);
    for (const { op, name, revision, previousRevision: previous, value } of page.entries) {
      const text = textOf(value);
      at(sentAt.get(idOf(text).slice(1)) ?? 0);
      checker.filled('pods', { kind: op, name, revision, previous, text });
    }
    through = page.through;
  }
  return through;
}

function replay(
  checker: Checker,
  sent: Map<string, { begun: Begun; writes: ReturnType<typeof writesOf> }>,
  line: Line,
  at: number,
): void {
  if (line.kind === 'sent') {
    const writes = writesOf(line);
    checker.sent(writes);
    sent.set(line.id, { begun: { ...checker.begin(), at }, writes });
  } else if (line.kind === 'listed') checker.listed(undefined, 'pods', {}, line);
  else if (line.kind === 'watched') {
    checker.checks.watchEvents += line.events.length;
    checker.events('pods', 'a watch', line.after, line.events, line.through);
  } else {
    const { begun, writes } = sent.get(line.id) ?? {};
    if (!begun || !writes) throw new Error(`${line.id} was answered and never sent`);
    if (line.kind === 'refused') checker.refused(begun, writes);
    else {
      const committed = line.answers.map(({ revision, text }) => ({ revision, value: Buffer.from(text) }));
      checker.committed(begun, writes, committed);
    }
  }
}

/** Starts a process, kills it `afterMs` after it printed its first line, and returns what it printed. */
function runUntilKilled(path: string, seed: number, afterMs: number): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [child, path, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    running.stdout.on('data', (chunk: Buffer) => {
      if (chunks.length === 0) setTimeout(() => running.kill('SIGKILL'), afterMs);
      chunks.push(chunk);
    });
    running.once('error', reject);
    // The last line may be cut: only whole ones count.
    running.once('close', () => {
      const lines = Buffer.concat(chunks).toString('latin1').split('\n').slice(0, -1);
      // as: the child prints nothing else.
      resolve(lines.map((text) => JSON.parse(text) as Line));
    });
  });
}
