// The failure of a body that is no JSON, or no YAML. Who knows what the body is to be says more about it: the reason is kept in the message,
// which also comes out of the thread that reads YAML.

import { badRequest, StatusError } from './status.ts';

const beginnings = { JSON: 'the body is no valid JSON: ', YAML: 'the body is no valid YAML: ' } as const;

export type TextFormat = keyof typeof beginnings;

export function unreadableText(format: TextFormat, why: string): StatusError {
  return badRequest(`${beginnings[format]}${why}`);
}

/** Undefined: the failure is another. */
export function whyUnreadable(error: unknown): { readonly format: TextFormat; readonly why: string } | undefined {
  if (!(error instanceof StatusError)) return undefined;
  for (const format of ['JSON', 'YAML'] as const)
    if (error.message.startsWith(beginnings[format]))
      return { format, why: error.message.slice(beginnings[format].length) };
  return undefined;
}
