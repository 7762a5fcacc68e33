// Gives memory back when a thread has nothing to do. The garbage collector itself runs when memory is asked for, so what starting or a
// burst of work left behind would stay resident for as long as the process idles.

import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';

/** The part of that time that an idle thread's event loop may be busy. */
const idleUtilization = 0.02;
/** Less growth than this, in bytes, since the last collection is not worth one: it takes tens of milliseconds. */
const worthwhile = 3 * 1024 * 1024;

export interface IdleMemory {
  stop(): void;
}

/**
 * Looks every `everyMs` whether the thread idled. Each thread has a heap of its own: call it once in each. `release` lets go of what
 * can be made again.
 */
export function giveBackIdleMemory(release: () => void = () => {}, everyMs = 5000): IdleMemory {
  const collect = collector();
  let before = performance.eventLoopUtilization();
  let kept = 0;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > idleUtilization || heldBytes() < kept + worthwhile) return;
    release();
    collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
    kept = heldBytes();
    // The collection itself is not work.
    before = performance.eventLoopUtilization();
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function heldBytes(): number {
  const { used_heap_size: used, external_memory: external } = v8.getHeapStatistics();
  return used + external;
}

interface CollectOptions {
  readonly type: 'major';
  /** Also drops compiled code that has not run lately, and unmaps free pages. */
  readonly flavor: 'last-resort';
  readonly execution: 'sync';
}

/** V8's own `gc`, which the flag shows to contexts made after it was set. */
function collector(): (options: CollectOptions) => void {
  v8.setFlagsFromString('--expose-gc');
  // as: that is what V8 puts there.
  return vm.runInNewContext('gc') as (options: CollectOptions) => void;
}
