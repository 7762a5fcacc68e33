// References of images in CEL. Source: Kubernetes' CEL library "image" (since 1.33), which reads them as go-containerregistry does.

import type { Environment } from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';

interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  /** Empty where a digest says which image is meant. */
  readonly tag: string;
  readonly digest: string;
}

/** A class, because the library tells types apart by constructor. */
class CelImage {
  readonly reference: ImageReference;
  constructor(reference: ImageReference) {
    this.reference = reference;
  }
}

export function registerCelImages(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  const type = 'kubernetes.Image';
  environment.registerType(type, { ctor: CelImage, fields: {} });
  add(`image(string): ${type}`, (text: string) => {
    const reference = parse(text);
    if (!reference) throw new CelCallError(`could not parse reference: ${text}`);
    return new CelImage(reference);
  });
  add('isImage(string): bool', (text: string) => parse(text) !== undefined);
  for (const part of ['registry', 'repository', 'tag', 'digest'] as const)
    add(`${type}.${part}(): string`, ({ reference }: CelImage) => reference[part]);
  add(`${type}.containsDigest(): bool`, ({ reference }: CelImage) => reference.digest !== '');
  add(`${type}.identifier(): string`, ({ reference }: CelImage) => reference.digest || reference.tag);
}

const defaultRegistry = 'index.docker.io';

function parse(text: string): ImageReference | undefined {
  const [rest = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))) return undefined;
  const [, base = '', tag = 'latest'] = /^(.*?)(?::([^/:]*))?$/s.exec(rest) ?? [];
  if (!/^[\w.-]{1,128}$/.test(tag)) return undefined;
  const slash = base.indexOf('/');
  const host = base.slice(0, Math.max(0, slash));
  const hasRegistry = /[.:]/.test(host) || host === 'localhost';
  const registry = !hasRegistry || host === 'docker.io' ? defaultRegistry : host;
  const repository = hasRegistry ? base.slice(slash + 1) : base;
  if (!URL.canParse(`http://${registry}`) || new URL(`http://${registry}`).pathname !== '/') return undefined;
  if (!/^[a-z0-9_.-]+(?:\/[a-z0-9_.-]+)*$/.test(repository) || repository.length < 2 || repository.length > 255)
    return undefined;
  return {
    registry,
    repository: registry === defaultRegistry && !repository.includes('/') ? `library/${repository}` : repository,
    tag: digest === undefined ? tag : '',
    digest: digest ?? '',
  };
}
