// `zeroplane trust`: what `up --trust` would write, for clusters that are made in another way.

import { CommandLineError } from '../core/process/command-line.ts';
import { type Command, command } from './command.ts';

export const trustFlags = {
  'trust-audience': { value: 'text', help: 'that tokens of trusted pipelines must be for', default: 'zeroplane' },
  'trust-namespace': { value: 'namespace', help: 'where they may run jobs', default: 'ci' },
  'trust-certificate-authority': { value: 'file', help: "of a trusted issuer of your own; default: this machine's" },
} as const;

export const trustCommand: Command = command(
  {
    name: 'zeroplane trust',
    description:
      'print what lets pipelines run jobs: `zeroplane trust github:acme | kubectl apply -f -`, and with --configuration the AuthenticationConfiguration',
    takes: '<provider:whom...>',
    flags: { ...trustFlags, configuration: { help: 'print the AuthenticationConfiguration instead' } },
  },
  async ({ values, args, answer }) => {
    if (args.includes('')) throw new CommandLineError('trust: whom? Write one such as github:acme');
    const [{ planTrust }, { parse, stringify }] = await Promise.all([import('../local/trust.ts'), import('yaml')]);
    const { text, objects = [] } = planTrust('', {
      trust: args,
      audience: values['trust-audience'],
      namespace: values['trust-namespace'],
      certificateAuthority: values['trust-certificate-authority'],
    });
    if (values.configuration) return answer(parse(text), text);
    return answer(
      { apiVersion: 'v1', kind: 'List', items: objects },
      objects.map((each) => stringify(each)).join('---\n'),
    );
  },
);
