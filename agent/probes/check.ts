// One check of a container: exec, HTTP, TCP or gRPC. Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes".

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { errorText } from '../../core/machinery/error-text.ts';
import { setOwn } from '../../core/machinery/own.ts';
import type { V1Container, V1HTTPGetAction, V1Probe } from '../../generated/kubernetes.ts';
import { createGrpcClient, GrpcError, grpcCodes } from '../cri/grpc.ts';
import { message } from '../cri/wire.ts';

export interface CheckResult {
  readonly ok: boolean;
  readonly message: string;
  /** The runtime could not run the command: that says nothing about the container. */
  readonly unknown?: true;
}

export interface CheckTarget {
  readonly container: V1Container;
  readonly podIP: string;
  /** Runs a command in the container. Rejects when it could not run or took too long. */
  exec(command: readonly string[], timeoutSeconds: number): Promise<{ exitCode: number; output: string }>;
}

export async function check(probe: V1Probe, target: CheckTarget): Promise<CheckResult> {
  const seconds = probe.timeoutSeconds ?? 1;
  const { podIP, container } = target;
  try {
    if (probe.exec) {
      const { exitCode, output } = await target.exec(probe.exec.command ?? [], seconds);
      return { ok: exitCode === 0, message: output.slice(0, 10_240) };
    }
    if (probe.httpGet) return await httpCheck(probe.httpGet, podIP, container, seconds * 1000, 'kube-probe/1.36');
    if (probe.tcpSocket) {
      const host = probe.tcpSocket.host || podIP;
      return await tcpCheck(host, portNumber(probe.tcpSocket.port, container), seconds * 1000);
    }
    if (probe.grpc) return await grpcCheck(podIP, probe.grpc.port, probe.grpc.service ?? '', seconds * 1000);
    return { ok: true, message: '' };
  } catch (error) {
    const message = errorText(error);
    // A command that takes too long has failed; one that could not be started because the runtime is away has not.
    const unknown = probe.exec && error instanceof GrpcError && error.code === grpcCodes.unavailable;
    return { ok: false, message, ...(unknown && { unknown }) };
  }
}

/** A port by number or by its name in the container. */
export function portNumber(port: number | string, container: V1Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const value = named ?? Number(port);
  if (!(value > 0 && value < 65_536)) throw new Error(`couldn't find port: ${port}`);
  return value;
}

/** Any answer from 200 to 399 is good; a redirect to another host is too, and is not followed. */
export async function httpCheck(
  action: V1HTTPGetAction,
  podIP: string,
  container: V1Container,
  timeoutMs: number,
  userAgent: string,
): Promise<CheckResult> {
  const host = action.host || podIP;
  const port = portNumber(action.port, container);
  const scheme = action.scheme === 'HTTPS' ? 'https' : 'http';
  const headers: Record<string, string> = { 'User-Agent': userAgent, Accept: '*/*', Connection: 'close' };
  for (const { name, value } of action.httpHeaders ?? []) setOwn(headers, name, value);
  let url = new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`);
  const path = action.path ?? '/';
  url = new URL(path.startsWith('/') ? path : `/${path}`, url);
  const deadline = Date.now() + timeoutMs;
  for (let hops = 0; hops < 10; hops += 1) {
    const { status, location, body } = await get(url, headers, deadline - Date.now());
    if (status >= 300 && status < 400 && location) {
      const next = new URL(location, url);
      if (next.hostname !== url.hostname) return { ok: true, message: `redirected to ${next.hostname}` };
      url = next;
      continue;
    }
    const ok = status >= 200 && status < 400;
    return { ok, message: ok ? body : `HTTP probe failed with statuscode: ${status}` };
  }
  return { ok: false, message: 'stopped after 10 redirects' };
}

/** As kubelet reads it. */
const mostBody = 10 * 1024;

function get(url: URL, headers: Record<string, string>, timeoutMs: number) {
  return new Promise<{ status: number; location: string | undefined; body: string }>((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const timer = setTimeout(
      () =>
        request.destroy(
          new Error(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`),
        ),
      Math.max(1, timeoutMs),
    );
    // A probe does not check whose certificate it is, as in Kubernetes.
    const request = client.get(url, { headers, agent: false, rejectUnauthorized: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const answered = () => {
        clearTimeout(timer);
        const body = Buffer.concat(chunks).toString().slice(0, mostBody);
        resolve({ status: response.statusCode ?? 0, location: response.headers.location, body });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < mostBody) return;
        // What else a pod would send for as long as its probe may take, nobody reads.
        answered();
        request.destroy();
      });
      response.on('end', answered);
      response.on('error', reject);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`Get "${url}": ${error.message}`));
    });
  });
}

export function tcpCheck(host: string, port: number, timeoutMs: number): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const finish = (ok: boolean, message: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ok, message });
    };
    const timer = setTimeout(() => finish(false, `dial tcp ${host}:${port}: i/o timeout`), timeoutMs);
    socket.on('connect', () => finish(true, ''));
    socket.on('error', (error) => finish(false, `dial tcp ${host}:${port}: ${error.message}`));
  });
}

/** Of a message: what Go's client takes. */
const mostProbeBytes = 4 * 1024 * 1024;

/** grpc.health.v1. */
const HealthCheckRequest = message({ service: [1, 'string'] });
const HealthCheckResponse = message({ status: [1, 'int32'] });
const serving = 1;

async function grpcCheck(host: string, port: number, service: string, timeoutMs: number): Promise<CheckResult> {
  // What answers is the pod's.
  const client = createGrpcClient(`${host}:${port}`, { most: mostProbeBytes });
  try {
    const method = {
      path: '/grpc.health.v1.Health/Check',
      request: HealthCheckRequest,
      response: HealthCheckResponse,
      deadlineMs: timeoutMs,
    };
    const { status } = await client.call(method, { service });
    return {
      ok: status === serving,
      message: status === serving ? '' : `service unhealthy (responded with ${status})`,
    };
  } catch (error) {
    if (error instanceof GrpcError && error.code === grpcCodes.unimplemented)
      return { ok: false, message: 'this server does not implement the grpc health protocol (grpc.health.v1.Health)' };
    throw error;
  } finally {
    client.close();
  }
}
