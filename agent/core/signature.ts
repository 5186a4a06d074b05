/** How the agent knows who somebody is: by a token of their own, or from a reverse proxy that it trusts. */
export type Proof = 'token' | 'proxy'

/** With whose name something is put down. */
export interface Signature {
  /** Who it was, by their token or the proxy; without `proof`: who they said to be, `unknown` where they did not. */
  readonly by: string
  readonly proof?: Proof
  /** Who they said to be, where that is another name. */
  readonly said?: string
}
