import { App } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { readOptions } from './options.ts';

const optionsOf = (context: Record<string, string>) => readOptions(new App({ context }).node);

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

it.each([
  [{ trust: 'github:*' }, '-c trust: "github:*": it would trust everybody'],
  [{ trust: Array.from({ length: 20 }, (_, at) => `github:acme${at}`).join() }, 'and functions take 2500'],
])('refuses %j', (context, why) => {
  expect(() => optionsOf(context)).toThrow(why);
});
