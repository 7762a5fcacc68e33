/** The name of a type, and of the log that holds it: `pods`, `apps/deployments`. */
export function typeOf(group: string, resource: string): string {
  return group ? `${group}/${resource}` : resource;
}

/** The group in the name of a type. */
export function groupOf(type: string): string {
  const slash = type.lastIndexOf('/');
  return slash < 0 ? '' : type.slice(0, slash);
}
