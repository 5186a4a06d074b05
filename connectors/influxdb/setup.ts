import type { IHostConfig } from 'influx'
import { DeliveryError, describeError } from '../../agent/core/index.ts'
import { unreachable } from './client.ts'
import type { Settings } from './config.ts'

/**
 * Creates the database and retention policy of an InfluxDB 1.x, where they are missing. A policy becomes the default one
 * only in a database made here. Rejects with DELIVERY_UNREACHABLE, or DELIVERY_DENIED where the user may not create.
 */
export async function createTarget(settings: Extract<Settings, { version: 1 }>): Promise<void> {
  const { database, retention, timeout } = settings
  const { InfluxDB } = await import('influx')
  const influx = new InfluxDB({
    hosts: [host(settings.url)],
    ...(settings.username !== undefined && {
      username: settings.username,
      password: (settings.password_file ?? settings.password)?.current() ?? '',
    }),
    pool: { requestTimeout: timeout, maxRetries: 0 },
  })
  try {
    const known = (await influx.getDatabaseNames()).includes(database)
    if (!known) await influx.createDatabase(database)
    if (!retention) return
    const policies = await influx.showRetentionPolicies(database)
    if (policies.some((policy) => policy.name === retention.name)) return
    const options = { database, duration: retention.duration, replication: 1, isDefault: !known }
    await influx.createRetentionPolicy(retention.name, options)
  } catch (error) {
    throw translate(error, settings)
  }
}

function host(address: string): IHostConfig {
  const { hostname, port, protocol, pathname } = new URL(address)
  const secure = protocol === 'https:'
  return {
    host: hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    protocol: secure ? 'https' : 'http',
    path: pathname.replace(/\/+$/, ''),
  }
}

function translate(error: unknown, settings: Extract<Settings, { version: 1 }>): DeliveryError {
  const words = describeError(error)
  if (!/^A 4\d\d |^Error from InfluxDB/.test(words)) return unreachable(settings.url, error)
  const message = `InfluxDB at ${settings.url} did not let the agent create database "${settings.database}"`
  return new DeliveryError('DELIVERY_DENIED', message, {
    cause: error,
    remedy: 'Create the database and its retention policy yourself, or give the user the right to.',
  })
}
