import type { TransferResult } from 'node-opcua-client'
import type { Session } from './client.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Takes subscriptions of another session into this one; resolves with whether all of them have come. */
export async function transfer(session: Session, carried: Subscriptions): Promise<boolean> {
  const subscriptionIds = [...carried.byId.keys()]
  const results = await new Promise<readonly TransferResult[]>((resolve, reject) => {
    const request = { subscriptionIds, sendInitialValues: false }
    session.transferSubscriptions(request, (error, response) =>
      error ? reject(error) : resolve(response?.results ?? []),
    )
  })
  return results.length === subscriptionIds.length && results.every((result) => result.statusCode.isGood())
}

/** Deletes what is left of subscriptions that could not all be taken over. */
export async function abandon(session: Session, carried: Subscriptions): Promise<void> {
  const subscriptionIds = [...carried.byId.keys()]
  await new Promise<void>((resolve) => {
    session.deleteSubscriptions({ subscriptionIds }, () => resolve())
  })
}
