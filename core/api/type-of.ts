/** The name of a type, and of the log that holds it: `pods`, `apps/deployments`. */
export function typeOf(group: string, resource: string): string {
  return group ? `${group}/${resource}` : resource;
}
