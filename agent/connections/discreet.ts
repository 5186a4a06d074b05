import { type Redaction, type Sink, type Status, oneLine, printable } from '../core/index.ts'

/** Characters that are kept of what a far side says. */
const longest = 1_000

/** What a connector says of its far side, bounded, printable and without its credentials, which some far sides echo. */
export function discreetStatus(status: Status, redaction: Redaction): Status {
  const { message, items } = status
  return {
    ...status,
    message: discreet(message, redaction),
    ...(items && {
      items: Object.fromEntries(
        Object.entries(items).map(([item, problem]) => [printable(item), discreet(problem, redaction)]),
      ),
    }),
  }
}

/** The same for what a sink is told: it goes to the log, the page and dead letters. */
export function discreetSink(sink: Sink, redaction: Redaction): Sink {
  const write = sink.write.bind(sink)
  sink.write = async (entries, signal) => {
    try {
      const rejections = await write(entries, signal)
      return rejections.map((rejection) => ({ ...rejection, detail: discreet(rejection.detail, redaction) }))
    } catch (error) {
      for (let each = error; each instanceof Error; each = each.cause) each.message = discreet(each.message, redaction)
      throw error
    }
  }
  return sink
}

function discreet(text: string, redaction: Redaction): string {
  return oneLine(redaction.apply(text.slice(0, 4 * longest)), longest)
}
