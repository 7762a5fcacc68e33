// Deals every flow a hand of queues: the same hand each time, and to two flows rarely the same one, so that a flow that floods its
// queues leaves most others a queue that it does not reach. Pure. Source: KEP-1040, shuffle sharding.

/** `handSize` different numbers below `queues`. */
export function dealHand(flow: string, queues: number, handSize: number): number[] {
  let left = hash(flow);
  const hand: number[] = [];
  const size = Math.min(handSize, queues);
  for (let dealt = 0; dealt < size; dealt += 1) {
    const remaining = queues - dealt;
    let card = left % remaining;
    left = Math.floor(left / remaining);
    // The card of that rank among those that are not dealt yet.
    for (const each of hand.toSorted((a, b) => a - b)) if (card >= each) card += 1;
    hand.push(card);
  }
  return hand;
}

/** 53 bits: two FNV-1a hashes of different seeds. */
function hash(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
