// In which version a webhook is asked: the first of those that it reads which we speak. v1beta1 has the fields of v1.

const spoken: readonly string[] = ['v1', 'v1beta1'];

export function reviewVersion(group: string, read: readonly string[] | undefined): string {
  return `${group}/${read?.find((version) => spoken.includes(version)) ?? 'v1'}`;
}
