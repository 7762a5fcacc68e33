import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll, expect, it } from 'vitest';
import { readOptions } from './options.ts';

// An app that is given no folder makes one, which nobody removes.
const outdir = mkdtempSync(join(tmpdir(), 'zeroplane-options-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const optionsOf = (context: Record<string, string>) => readOptions(new App({ context, outdir }).node);

it('makes an AuthenticationConfiguration of whose pipelines are trusted', () => {
  expect(optionsOf({}).authenticationConfig).toBeUndefined();
  const made = optionsOf({ trust: 'github:acme,gitlab:acme/team', trustAudience: 'prod' }).authenticationConfig ?? '';
  const { kind, jwt } = JSON.parse(made);
  expect(kind).toBe('AuthenticationConfiguration');
  expect(jwt.map(({ issuer }: { issuer: object }) => issuer)).toEqual([
    { url: 'https://token.actions.githubusercontent.com', audiences: ['prod'] },
    { url: 'https://gitlab.com', audiences: ['prod'] },
  ]);
});

it('divides the executions of an account that says how many it has, and takes none from one that has few', () => {
  expect(optionsOf({})).toMatchObject({ concurrency: 1000, reserves: false, atOnce: { watch: 250 } });
  expect(optionsOf({ concurrency: '10' })).toMatchObject({ reserves: false, atOnce: { watch: 5 } });
  expect(optionsOf({ concurrency: '200' })).toMatchObject({
    reserves: true,
    atOnce: { read: 25, watch: 25, write: 10, node: 10, worker: 5 },
  });
  expect(optionsOf({ concurrency: '1000', watches: '300' })).toMatchObject({
    reserves: true,
    atOnce: { read: 225, watch: 300, write: 90, node: 90 },
  });
  expect(optionsOf({ concurrency: '1000', reserve: 'false' })).toMatchObject({ reserves: false });
});

it.each([
  [{ concurrency: '300', watches: '150' }, 'come to 280, and of 300 Lambda lets 200 be reserved'],
  [{ trust: 'github:*' }, '-c trust: "github:*": it would trust everybody'],
  [{ trust: Array.from({ length: 20 }, (_, at) => `github:acme${at}`).join() }, 'and functions take 2500'],
])('refuses %j', (context, why) => {
  expect(() => optionsOf(context)).toThrow(why);
});
