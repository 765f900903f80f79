// What a load is, and what comes of it: the words between the bench and the process that makes the load.
export interface Job {
  port: number;
  path: string;
  headers: Record<string, string>;
  /** Asked in turn, from a place of its own for each connection. */
  bodies: readonly string[];
  connections: number;
  seconds: number;
  /** Where to begin among the bodies, so that rounds do not ask the same. */
  from: number;
}

export interface Result {
  requests: number;
  /** Answers that are not a 200 with data. */
  failures: number;
  firstFailure?: string;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Of an answer, in the mean. */
  bytes: number;
}
