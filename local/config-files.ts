// Configuration that a cluster's user writes in files of Kubernetes' own form. `up` checks them and remembers where they are; they are
// read again at every start of the control plane.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from './user-error.ts';

/** Absolute paths. */
export interface ConfigFiles {
  readonly authenticationConfig?: string;
  readonly encryptionProviderConfig?: string;
  readonly auditPolicyFile?: string;
}

type Name = keyof ConfigFiles;

// Each reader is loaded where there is such a file: they bring CEL, and most commands only ask where the cluster is.
const files: Readonly<Record<Name, { flag: string; check: (text: string) => Promise<unknown> }>> = {
  authenticationConfig: {
    flag: '--authentication-config',
    check: async (text) =>
      (await import('../functions/apiserver/authentication/jwt/configuration.ts')).readAuthenticationConfiguration(
        text,
      ),
  },
  encryptionProviderConfig: {
    flag: '--encryption-provider-config',
    check: async (text) => (await import('../core/store/encrypted/configuration.ts')).readEncryptionConfiguration(text),
  },
  auditPolicyFile: {
    flag: '--audit-policy-file',
    check: async (text) => (await import('../functions/apiserver/audit/policy.ts')).readAuditPolicy(text),
  },
};

// as: the keys of an object literal.
const names = Object.keys(files) as Name[];

/** `found` as the flags change it: a flag that is not given changes nothing, an empty one takes the file away. */
export function planConfigFiles(given: ConfigFiles, found: ConfigFiles): ConfigFiles {
  const planned = names.flatMap((name) => {
    const path = given[name] === undefined ? found[name] : given[name] && resolve(given[name]);
    return path ? [[name, path] as const] : [];
  });
  return Object.fromEntries(planned);
}

/** The flags that would change a cluster's files. */
export function changedConfigFlags(planned: ConfigFiles, found: ConfigFiles): string[] {
  return names.filter((name) => planned[name] !== found[name]).map((name) => files[name].flag);
}

/** Throws UserError for the first file that cannot be used. */
export async function checkConfigFiles(planned: ConfigFiles): Promise<void> {
  for (const name of names) {
    const path = planned[name];
    if (path === undefined) continue;
    const { flag, check } = files[name];
    if (!existsSync(path)) throw new UserError(`${flag}: there is no file ${path}: name one, or '' for none`);
    try {
      await check(readFileSync(path, 'utf8'));
    } catch (error) {
      const { ConfigFileError } = await import('../core/config/config-file.ts');
      if (!(error instanceof ConfigFileError)) throw error;
      throw new UserError(`${flag}: ${path}: ${error.message}`, { cause: error });
    }
  }
}
