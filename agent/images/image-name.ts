// Whether a text is the name of an image. Source: the grammar of the distribution project's references, as kubelet and containerd read it.

const domainPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = new RegExp(`^(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const pathPart = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tag = /^\w[\w.-]{0,127}$/;
const digest = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Without tag and digest. */
const maxNameLength = 255;

/** What is wrong with it; undefined where nothing is. */
export function imageNameFault(image: string): string | undefined {
  if (image.length > 2 * maxNameLength) return 'repository name must not be more than 255 characters';
  if (/^[a-f0-9]{64}$/.test(image)) return 'cannot specify 64-byte hexadecimal strings';
  const [beforeDigest = '', ...digests] = image.split('@');
  const colon = beforeDigest.lastIndexOf(':');
  const tagged = colon > beforeDigest.lastIndexOf('/');
  const name = tagged ? beforeDigest.slice(0, colon) : beforeDigest;
  const [first = '', ...rest] = name.split('/');
  const path = rest.length > 0 && isDomain(first) ? rest : [first, ...rest];
  const valid =
    digests.length <= 1 &&
    digests.every((each) => digest.test(each)) &&
    (!tagged || tag.test(beforeDigest.slice(colon + 1))) &&
    (path.length > rest.length || domain.test(first)) &&
    path.every((each) => pathPart.test(each));
  if (!valid) {
    const lower = path.map((each) => each.toLowerCase());
    const inUpperCase = lower.some((each, i) => each !== path[i]) && lower.every((each) => pathPart.test(each));
    return inUpperCase ? `repository name (${path.join('/')}) must be lowercase` : 'invalid reference format';
  }
  return name.length > maxNameLength ? 'repository name must not be more than 255 characters' : undefined;
}

/** As Docker tells a registry from the first part of a name. */
function isDomain(part: string): boolean {
  return /[.:]/.test(part) || part === 'localhost' || part.toLowerCase() !== part;
}
