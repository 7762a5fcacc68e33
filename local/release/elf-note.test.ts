import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withResource } from './elf-note.ts';

it('puts a resource into an executable that runs as before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-elf-'));
  try {
    const file = join(folder, 'node');
    const before = readFileSync(process.execPath);
    const made = withResource(before, 'ZEROPLANE_TEST', Buffer.from('what was put in'));
    // Symbols went.
    expect(made.length).toBeLessThan(before.length);
    writeFileSync(file, made);
    chmodSync(file, 0o700);
    // It finds what was put in where the system mapped it.
    const script =
      "const m=require('fs').readFileSync('/proc/self/exe');console.log(process.version, m.includes('what was put in'))";
    expect(spawnSync(file, ['-e', script], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: `${process.version} true\n`,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('refuses what is no such executable', () => {
  expect(() => withResource(Buffer.from('#!/bin/sh\nexit 0\n'.repeat(9)), 'X', Buffer.from('x'))).toThrow(
    'no 64-bit ELF',
  );
});
