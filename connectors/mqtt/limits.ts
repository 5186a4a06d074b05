import type { IConnackPacket } from 'mqtt'

/** What was asked of a broker. */
export interface Asked {
  /** ms; undefined where the session ends with the connection. */
  readonly sessionExpiry?: number | undefined
  /** ms */
  readonly keepalive: number
  /** Messages are to be retained. */
  readonly retain: boolean
  /** Messages under way at a time; 0 where nothing is published. */
  readonly inFlight: number
}

/** Packets that are larger than this are rare: a broker that takes no larger ones is told of. */
const usualPacket = 65_536

/** What a broker of MQTT 5 grants less of than was asked for, in words for the user; brokers of 3.1.1 say nothing. */
export function limitsOf({ properties }: IConnackPacket, asked: Asked): string[] {
  const { sessionExpiryInterval, serverKeepAlive, maximumQoS, retainAvailable } = properties ?? {}
  const { receiveMaximum, maximumPacketSize } = properties ?? {}
  const expiry = asked.sessionExpiry === undefined ? 0 : Math.round(asked.sessionExpiry / 1_000)
  return [
    ...(sessionExpiryInterval !== undefined && sessionExpiryInterval < expiry
      ? [`it keeps the session for ${sessionExpiryInterval} s, not ${expiry} s: longer outages lose messages`]
      : []),
    ...(serverKeepAlive !== undefined && serverKeepAlive * 1_000 < asked.keepalive
      ? [`it asks for a ping every ${serverKeepAlive} s`]
      : []),
    ...(maximumQoS !== undefined && maximumQoS < 2 ? [`it offers QoS ${maximumQoS} at most`] : []),
    ...(retainAvailable === false && asked.retain ? ['it keeps no retained messages'] : []),
    ...(receiveMaximum !== undefined && receiveMaximum < asked.inFlight
      ? [`it takes ${receiveMaximum} messages at a time, not ${asked.inFlight}: publishing is slower`]
      : []),
    ...(maximumPacketSize !== undefined && maximumPacketSize < usualPacket && asked.inFlight > 0
      ? [`it takes packets of at most ${maximumPacketSize} bytes: larger results become dead letters`]
      : []),
  ]
}
