/** What `millwright init` is told on its command line. */
export interface InitOptions {
  readonly out: string
  readonly data: string
  readonly site?: string
  /** Name of the connector. */
  readonly name?: string
  readonly yes?: boolean
  readonly force?: boolean
  readonly json?: boolean
  /** Only these tags, by pattern. */
  readonly tags?: readonly string[]
  readonly user?: string
  readonly passwordFile?: string
  /** Files: settings of the csv source, `key=value`. */
  readonly set?: readonly string[]
  /** OPC UA: thumbprint of the server certificate to trust. */
  readonly trust?: string
  readonly insecure?: boolean
  /** OPC UA: node to begin at. */
  readonly node?: string
  /** OPC UA: most nodes to visit. */
  readonly most: number
  /** MQTT: how long to listen. */
  readonly seconds: number
  /** MQTT: what to listen to. */
  readonly filter: readonly string[]
  /** MQTT: file of the certificate authority. */
  readonly ca?: string
}
