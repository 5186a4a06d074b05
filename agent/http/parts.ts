import type { Clock, Logger } from '../core/index.ts'
import type { AgentView } from '../view/index.ts'
import type { EventFeed } from './event-feed.ts'
import type { Sessions } from './session-book.ts'

export interface AppParts {
  readonly view: AgentView
  readonly feed: EventFeed
  readonly sessions: Sessions
  /** Whether it speaks TLS itself. */
  readonly tls: boolean
  readonly clock: Clock
  readonly log: Logger
  /** Whether reading needs the token too. */
  readonly read: 'open' | 'token'
  /** Names, besides `localhost` and addresses, that the agent answers to. */
  readonly names: ReadonlySet<string>
  /** Opens the page of a demo to whoever was told it. */
  readonly entryKey: string
}
