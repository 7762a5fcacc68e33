// What is known of a running container beside its state.

/** What probes and lifecycle hooks found out about a running container. */
export interface ContainerHealth {
  /** Its start-up probe, if it has one, has succeeded. */
  readonly started: boolean;
  readonly ready: boolean;
  /** Set when a liveness or start-up probe failed for good, or its postStart hook failed. */
  readonly unhealthy?: string;
}
