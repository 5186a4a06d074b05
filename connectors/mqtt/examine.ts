import { type Finding, MillwrightError, describeError } from '../../agent/core/index.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { listen, type Listened } from './listen.ts'
import { covers, overlap } from './patterns.ts'
import type { MqttSettings } from './settings.ts'

/** How long it listens, ms. */
const patience = 3_000

/** Connects once under a client id of its own, subscribes as the source would, and listens for a moment. */
export async function* examineBroker(settings: MqttSettings): AsyncGenerator<Finding> {
  yield* examineTopics(
    settings,
    (settings.topics ?? []).map(({ filter }) => filter),
    heard,
  )
  yield* advise(settings)
  yield* queue(settings)
}

/** What is known of the settings without a broker. */
export function* advise(settings: MqttSettings): Generator<Finding> {
  yield* habits(settings)
  yield* overlapping((settings.topics ?? []).map(({ filter }) => filter))
}

/** The same for what is subscribed otherwise than by a source. `heard`: what to say of what came within so many ms. */
export async function* examineTopics(
  settings: BrokerSettings,
  filters: readonly string[],
  heard: (listened: Listened, duration: number) => Finding,
): AsyncGenerator<Finding> {
  try {
    const listened = await listen(settings, { filters, duration: filters.length > 0 ? patience : 200 })
    const { refused } = listened
    yield { level: 'good', text: 'the broker accepts the connection' }
    for (const [filter, reason] of Object.entries(refused))
      yield {
        level: 'trouble',
        text: `the broker refuses ${filter}: ${reason}`,
        remedy: 'Check the filter and the access rules of the broker.',
      }
    if (filters.some((filter) => !(filter in refused))) yield heard(listened, patience)
  } catch (error) {
    const remedy = error instanceof MillwrightError ? error.remedy : undefined
    yield { level: 'trouble', text: describeError(error), ...(remedy !== undefined && { remedy }) }
  }
}

function heard({ topics, messages }: Listened, duration: number): Finding {
  if (messages > 0)
    return { level: 'good', text: `${messages} messages on ${topics.length} topics within ${duration / 1000} s` }
  return {
    level: 'warning',
    text: `nothing was heard within ${duration / 1000} s`,
    remedy:
      'Check the topic filters and that something publishes; a broker does not say that a filter matches nothing.',
  }
}

/** Filters of which two match the same topics: the first one counts, and where neither covers the other both bring it. */
function* overlapping(filters: readonly string[]): Generator<Finding> {
  for (const [at, filter] of filters.entries()) {
    const earlier = filters.slice(0, at).find((other) => overlap(other, filter))
    if (earlier === undefined) continue
    if (covers(earlier, filter))
      yield {
        level: 'warning',
        text: `the topic ${filter} is never used: ${earlier} before it matches all of it`,
        remedy: 'Put the special filter before the general one.',
      }
    else if (!covers(filter, earlier))
      yield {
        level: 'warning',
        text: `${earlier} and ${filter} match some topics both: brokers such as mosquitto send their messages twice`,
        remedy: 'Subscribe to one filter that covers both, or to filters that share no topic.',
      }
  }
}

/** A broker keeps few messages for a client that is away, and says so to nobody. */
function* queue({ topics, clean }: MqttSettings): Generator<Finding> {
  if (topics && !clean)
    yield {
      level: 'good',
      text: 'what the broker keeps during an outage is bounded by the broker: mosquitto drops all beyond max_queued_messages, 1000 unless set (0: no limit)',
    }
}

/** Settings that work and have a price. */
function* habits({ topics, qos, clean, url, username }: MqttSettings): Generator<Finding> {
  if (topics && (clean || topics.every((topic) => (topic.qos ?? qos) === 0)))
    yield {
      level: 'warning',
      text: clean
        ? 'with clean: true messages during an outage are lost'
        : 'with qos 0 messages during an outage are lost',
      remedy: 'Set qos: 1 and clean: false, and publish with qos 1.',
    }
  if (username !== undefined && /^(mqtt|ws):/.test(url) && !/\/\/(127\.|localhost|\[::1\])/.test(url))
    yield { level: 'warning', text: 'the password is sent without encryption', remedy: 'Use mqtts: with tls.ca.' }
}
