// What a pod says for nodes of Windows: under which account it runs.

import type { V1WindowsSecurityContextOptions } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';

const most = { specKiB: 64, domain: 256, user: 104 } as const;

export function validateWindowsOptions(options: V1WindowsSecurityContextOptions, path: string): FieldError[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  const errors: FieldError[] = [];
  const at = (
    field: 'gmsaCredentialSpecName' | 'gmsaCredentialSpec' | 'runAsUserName',
    messages: readonly string[],
  ) => {
    for (const message of messages) errors.push(invalidValue(`${path}.${field}`, options[field], message));
  };
  if (name !== undefined) at('gmsaCredentialSpecName', dns1123Subdomain(name));
  if (spec === '') at('gmsaCredentialSpec', ['gmsaCredentialSpec cannot be an empty string']);
  else if (spec !== undefined && Buffer.byteLength(spec) > most.specKiB * 1024)
    at('gmsaCredentialSpec', [`gmsaCredentialSpec size must be under ${most.specKiB} KiB`]);
  if (user !== undefined)
    at(
      'runAsUserName',
      accountFaults(user).map((fault) => `runAsUserName${fault}`),
    );
  return errors;
}

/** `DOMAIN\\USER`, or a user of the node alone. */
function accountFaults(account: string): string[] {
  if (account === '') return [' cannot be an empty string'];
  if (/[\p{Cc}]/u.test(account)) return [' cannot contain control characters'];
  const parts = account.split('\\');
  if (parts.length > 2) return [' cannot contain more than one backslash'];
  const user = parts.pop() ?? '';
  const [domain] = parts;
  return [...(domain === undefined ? [] : domainFaults(domain)), ...userFaults(user)];
}

const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dns = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

function domainFaults(domain: string): string[] {
  return [
    ...(Buffer.byteLength(domain) >= most.domain ? [`'s Domain length must be under ${most.domain} characters`] : []),
    ...(netBios.test(domain) || dns.test(domain) ? [] : ["'s Domain doesn't match the NetBios nor the DNS format"]),
  ];
}

function userFaults(user: string): string[] {
  const faults: string[] = [];
  if (user === '') faults.push("'s User cannot be empty");
  else if (Buffer.byteLength(user) > most.user)
    faults.push(`'s User length must not be longer than ${most.user} characters`);
  if (/^[. ]+$/.test(user)) faults.push("'s User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    faults.push(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return faults;
}
