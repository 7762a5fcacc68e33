// References of images. Source: Kubernetes' CEL library "image" (since 1.33), which reads them as go-containerregistry does.

import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { bool, opaque, string } from '../types/types.ts';
import { fail, OpaqueValue, TypeValue, type Value } from '../values/values.ts';

const type = opaque('kubernetes.Image');

interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  /** Empty where a digest says which image is meant. */
  readonly tag: string;
  readonly digest: string;
}

class ImageValue extends OpaqueValue {
  readonly type = type;
  readonly reference: ImageReference;
  constructor(reference: ImageReference) {
    super();
    this.reference = reference;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof ImageValue && parts.every((part) => this.reference[part] === other.reference[part]);
  }
}

const parts = ['registry', 'repository', 'tag', 'digest'] as const;

export const image: Library = {
  functions: [
    declared(
      'image',
      global('string_to_image', [string], type, (text: string): Value => {
        const reference = parse(text);
        return reference ? new ImageValue(reference) : fail(`could not parse reference: ${text}`);
      }),
    ),
    declared(
      'isImage',
      global('is_image_string', [string], bool, (text: string) => parse(text) !== undefined),
    ),
    ...parts.map((part) =>
      declared(
        part,
        member(`image_${part}`, [type], string, ({ reference }: ImageValue) => reference[part]),
      ),
    ),
    declared(
      'containsDigest',
      member('image_contains_digest', [type], bool, ({ reference }: ImageValue) => reference.digest !== ''),
    ),
    declared(
      'identifier',
      member('image_identifier', [type], string, ({ reference }: ImageValue) => reference.digest || reference.tag),
    ),
  ],
  constants: [typeConstant(type.name, type, new TypeValue(type.name))],
};

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
