/** The queue from which a node's agent hears that there is something to look at. */
export function nodeQueue(node: string): string {
  return `node-${node}`;
}
