/** What somebody did through the page, the API or the configuration file, for the record. It changes no result. */
export interface AuditEvent {
  readonly type: 'audit'
  /** ms since epoch. */
  readonly time: number
  /** The name given; `unknown` where there was none. */
  readonly by: string
  /** `log-in`, `log-in refused`, `inject`, `repair`, `approve certificate`, `reload`, `retype`; `type`: a tag gets values of another type. */
  readonly action: string
  /** What it was done to: an asset, a certificate, an address. */
  readonly subject: string
  readonly detail: string
}
