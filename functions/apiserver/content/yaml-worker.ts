// The thread that reads large YAML bodies (yaml-thread.ts).

import '../../../core/process/frozen-intrinsics.ts';
import { parentPort } from 'node:worker_threads';
import { demandReadable } from '../../../core/machinery/depth.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import { decodeYaml } from '../../../core/machinery/yaml.ts';
import type { YamlAnswer, YamlQuestion } from './yaml-thread.ts';

parentPort?.on('message', (bytes: YamlQuestion) => {
  parentPort?.postMessage(answerTo(bytes));
});

function answerTo(bytes: YamlQuestion): YamlAnswer {
  try {
    const decoded = decodeYaml(bytes);
    // Before it is copied to the thread that asks.
    demandReadable(decoded.value);
    return { decoded };
  } catch (error) {
    if (error instanceof StatusError) return { status: error.status };
    // A value that is nested without end exhausts the stack, as an alias within its own anchor does.
    return { status: new StatusError('BadRequest', 'the request body is nested too deep').status };
  }
}
