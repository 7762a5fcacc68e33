// Where clusters that another one hosts are served: each below its name, at its host's own address.

export const clustersPath = '/clusters/';

/** Percent-encoded as it came: what is no plain name is not found, whatever it would be decoded. */
const hostedPath = /^\/clusters\/([^/]*)(\/.*)?$/;

export interface HostedRequest {
  /** What stands where the name of a cluster does. */
  readonly name: string;
  /** As the cluster itself sees it. */
  readonly path: string;
}

/** undefined: the request is for the host itself. */
export function hostedRequest(path: string): HostedRequest | undefined {
  const [, name, rest] = hostedPath.exec(path) ?? [];
  return name === undefined ? undefined : { name, path: rest ?? '/' };
}
