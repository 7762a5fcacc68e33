// Lists by a key, each filled in place: to copy a list for each item that joins it takes time with the square of their number.

export function gather<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
