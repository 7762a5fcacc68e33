// Finds the credentials for an image in imagePullSecrets, and says whose they are. Source: Kubernetes, "Pull an Image from a Private Registry".

import { createHash } from 'node:crypto';
import { parseJson } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { V1Secret } from '../../generated/kubernetes.ts';
import type { AuthConfigInput } from '../cri/messages.ts';
import { isRegistry } from './pull-policy.ts';

/** What a registry is shown, and where it comes from. */
export interface PullCredential {
  readonly auth: AuthConfigInput;
  readonly secret: { readonly uid: string; readonly namespace: string; readonly name: string };
  /** Equal for equal credentials, whichever Secret they are in. */
  readonly hash: string;
}

/** In the order of the secrets; those for the longest matching path of one secret first. */
export function credentialsFor(image: string, secrets: readonly V1Secret[]): PullCredential[] {
  return secrets.flatMap((secret) =>
    Object.entries(entries(secret))
      .filter(([server]) => matches(image, server))
      .sort(([a], [b]) => b.length - a.length)
      .map(([, entry]) => credential(secret, entry)),
  );
}

function credential({ metadata }: V1Secret, entry: RegistryEntry): PullCredential {
  const { username, password, auth, identitytoken, registrytoken } = entry;
  // Without its server, as kubelet: containerd takes a URL there, and no credentials where it is none.
  const shown = { username, password, auth, identityToken: identitytoken, registryToken: registrytoken };
  const { uid = '', namespace = '', name = '' } = metadata ?? {};
  return {
    auth: shown,
    secret: { uid, namespace, name },
    hash: createHash('sha256').update(JSON.stringify(shown)).digest('hex'),
  };
}

/** The registry and path of an image: an image without a registry is Docker Hub's. */
function repository(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && isRegistry(first) ? image : `docker.io/${image}`;
}

interface RegistryEntry {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
}

function entries(secret: V1Secret): Record<string, RegistryEntry> {
  const text = (key: string) => Buffer.from(getOwn(secret.data, key) ?? '', 'base64').toString();
  try {
    const json: unknown = parseJson(text('.dockerconfigjson') || text('.dockercfg') || '{}');
    // Users write these; what is not a registry entry matches no image.
    const config = json as { auths?: Record<string, RegistryEntry> } & Record<string, RegistryEntry>;
    return config.auths ?? config;
  } catch {
    return {};
  }
}

function matches(image: string, server: string): boolean {
  const wanted = server
    .replace(/^https?:\/\//, '')
    .replace(/\/(v1|v2)?\/?$/, '')
    .replace(/^index\.docker\.io/, 'docker.io');
  const [host = '', ...path] = wanted.split('/');
  const [imageHost = '', ...imagePath] = repository(image).split('/');
  const parts = host.split('.');
  const imageParts = imageHost.split('.');
  const hostMatches =
    parts.length === imageParts.length && parts.every((part, i) => part === '*' || part === imageParts[i]);
  return hostMatches && imagePath.join('/').startsWith(path.join('/'));
}
