// The node's network while the agent lives: set up once the node has a range for its pods, then kept as the cluster wants it.

import { errorText } from '../../core/machinery/error-text.ts';
import type { EventLog } from '../../core/process/log.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import type { Network, NetworkOptions, NetworkState } from '../network/contract.ts';
import type { AgentOptions } from '../options.ts';
import { networkOptions, saveAgentState } from '../state.ts';

export interface NodeNetworkOptions {
  readonly options: AgentOptions;
  readonly createNetwork: (options: NetworkOptions) => Network;
  /** What the cluster wants of it now. */
  readonly wanted: () => NetworkState;
  /** It is there, or could not be set up. */
  readonly onSetUp: () => Promise<void>;
  readonly onUnreached: NonNullable<NetworkOptions['onUnreached']>;
  readonly onUndone: NonNullable<NetworkOptions['onUndone']>;
  readonly log: EventLog;
}

export interface NodeNetwork {
  /** Given the node as the API has it: begins, unless there is a network or one is being set up. */
  setUp(node: V1Node): void;
  /** Resolves when what `setUp` began last has ended and was told; undefined: it began nothing yet. */
  readonly settingUp: Promise<void> | undefined;
  /** Why there is none (yet); undefined: there is. */
  readonly failure: string | undefined;
  /** What the cluster wants changed. Brought up to date once a turn of the event loop, after what else there is to do in it. */
  apply(): void;
  stop(): Promise<void>;
}

export function createNodeNetwork({
  options,
  createNetwork,
  wanted,
  onSetUp,
  onUnreached,
  onUndone,
  log,
}: NodeNetworkOptions): NodeNetwork {
  let network: Network | undefined;
  let started = false;
  let failure = 'the network of the node is not set up yet: it has no podCIDR';
  let applying = false;
  let settingUp: Promise<void> | undefined;

  const apply = () => {
    if (!network || !started || applying) return;
    applying = true;
    // Not in front of a pod's sandbox, or of the report that it runs.
    setImmediate(() => {
      applying = false;
      network
        ?.apply(wanted())
        .catch((error: unknown) => log.warn({ error: String(error) }, 'the network could not be brought up to date'));
    });
  };
  const start = async (made: Network, podCIDR: string) => {
    try {
      await saveAgentState(options, podCIDR);
      await made.start();
      await options.podApi?.start();
      started = true;
      log.info({ podCIDR }, 'network started');
    } catch (error) {
      failure = `the network cannot be set up: ${errorText(error)}`;
      log.error({ error: failure }, 'network failed');
      network = undefined;
    }
    apply();
    await onSetUp();
  };

  return {
    setUp(node) {
      const { podCIDR: first, podCIDRs } = node.spec ?? {};
      const podCIDR = options.podCIDR ?? (podCIDRs?.length ? podCIDRs.join(',') : first);
      if (network || !podCIDR) return;
      network = createNetwork({
        ...networkOptions(options, podCIDR),
        onUnreached,
        onUndone,
        onError: (error) => log.warn({ error: String(error) }, 'a part of the network failed; trying again'),
      });
      settingUp = start(network, podCIDR);
    },
    get settingUp() {
      return settingUp;
    },
    get failure() {
      return started ? undefined : failure;
    },
    apply,
    async stop() {
      await options.podApi?.stop();
      await network?.stop();
    },
  };
}
