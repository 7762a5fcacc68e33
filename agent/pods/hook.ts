// Runs a lifecycle hook of a container. Source: Kubernetes, "Container Lifecycle Hooks".

import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../core/machinery/error-text.ts';
import { millisecondsOf } from '../../core/machinery/time.ts';
import type { V1LifecycleHandler } from '../../generated/kubernetes.ts';
import type { CheckTarget } from '../probes/check.ts';
import { httpCheck, portNumber, tcpCheck } from '../probes/check.ts';

/** Gives why the hook failed, or undefined. `timeoutMs` bounds it. */
export async function runHook(
  hook: V1LifecycleHandler,
  target: CheckTarget,
  timeoutMs: number,
): Promise<string | undefined> {
  try {
    if (hook.exec) {
      const { exitCode, output } = await target.exec(hook.exec.command ?? [], Math.max(1, Math.ceil(timeoutMs / 1000)));
      return exitCode === 0 ? undefined : `command exited with ${exitCode}: ${output.slice(0, 1024)}`;
    }
    if (hook.httpGet) {
      const result = await httpCheck(hook.httpGet, target.podIP, target.container, timeoutMs, 'kube-lifecycle/1.36');
      return result.ok ? undefined : result.message;
    }
    if (hook.tcpSocket) {
      const port = portNumber(hook.tcpSocket.port, target.container);
      const result = await tcpCheck(hook.tcpSocket.host || target.podIP, port, timeoutMs);
      return result.ok ? undefined : result.message;
    }
    if (hook.sleep) await delay(Math.min(millisecondsOf(hook.sleep.seconds), timeoutMs));
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}
