// Where a load balancer is reached, as columns show it.

export function addresses(
  ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined,
): string {
  return (ingress ?? []).map((each) => each.ip || each.hostname || '').join(',');
}
